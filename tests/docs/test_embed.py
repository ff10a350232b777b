"""The page that we tell people to copy works: in a real browser, from another origin."""

import functools
import http.server
import re
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, Route, async_playwright
from typing_extensions import override

from tests.docs.conftest import Demo
from tests.docs.markdown import ROOT, blocks

EXAMPLE = ROOT / "docs" / "examples" / "embed.html"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
TEXTS = {
    "satisfied": {"en": "How satisfied are you?", "zh-CN": "您的满意程度如何？"},
    "recommend": {"en": "How likely are you to recommend us?", "zh-CN": "您有多大可能推荐我们？"},
    "comment": {"en": "Why?", "zh-CN": "为什么？"},
    "thanks": {"en": "Thank you, and see you soon!", "zh-CN": "谢谢，期待再见！"},
}
_ENDS = [
    {"point": 0, "label": {"en": "Not at all", "zh-CN": "完全不可能"}},
    {"point": 10, "label": {"en": "Certainly", "zh-CN": "非常可能"}},
]
SURVEY = {
    "default_language": "en",
    "languages": ["en", "zh-CN"],
    "title": {"en": "Your visit", "zh-CN": "您的到访"},
    "thank_you": TEXTS["thanks"],
    "pages": [
        {
            "key": "main",
            "questions": [
                {"key": "satisfied", "type": "csat", "text": TEXTS["satisfied"]},
                {"key": "recommend", "type": "nps", "text": TEXTS["recommend"], "labels": _ENDS},
                {"key": "comment", "type": "long_text", "text": TEXTS["comment"]},
            ],
        }
    ],
}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    @override
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder, and the address of the website that serves it: another origin than the API's."""
    folder = tmp_path_factory.mktemp("website")
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=60_000
        )
        yield browser
        await browser.close()


def published(demo: Demo) -> str:
    """A survey of its own for a test."""
    with demo.client() as client:
        made = client.post("/v1/surveys", json={"name": "Embedded", "definition": SURVEY})
        survey = str(made.raise_for_status().json()["id"])
        client.post(f"/v1/surveys/{survey}/publish").raise_for_status()
    return survey


def put_page(folder: Path, *, trial: bool = False, **values: str) -> None:
    """Copy the example as a reader would: with three values of their own."""
    page = EXAMPLE.read_text(encoding="utf-8")
    if trial:
        page = page.replace('<form id="feedback"', '<form id="feedback" data-test')
    for name, value in values.items():
        page, replaced = re.subn(rf'data-{name}="[^"]*"', f'data-{name}="{value}"', page)
        assert replaced == 1, name
    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / "favicon.ico").touch()


def stored(demo: Demo, survey: str) -> list[dict[str, Any]]:
    """The responses that the service holds."""
    with demo.client() as client:
        answer = client.get("/v1/responses", params={"survey": survey}).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def fill_in(page: Page, address: str, language: str) -> None:
    """Answer every question and send."""
    await page.goto(address)
    group = page.get_by_role("group", name=TEXTS["recommend"][language])
    await group.get_by_label("9", exact=True).check(force=True)
    overall = page.get_by_role("group", name=TEXTS["satisfied"][language])
    await overall.get_by_label("4", exact=True).check(force=True)
    await page.get_by_label(TEXTS["comment"][language]).fill("又快又好")
    await page.get_by_role("button").click()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_visitor_answers_in_their_language(
    demo: Demo, website: tuple[Path, str], browser: Browser, language: str
) -> None:
    """The page asks in the browser's language; what is sent is stored as it was meant."""
    folder, address = website
    survey = published(demo)
    put_page(folder, base=demo.base_url, key=demo.publishable_key, survey=survey)
    page = await browser.new_page(locale=language)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await fill_in(page, address, language)
    await page.get_by_text(TEXTS["thanks"][language]).wait_for()
    assert said == []
    [response] = stored(demo, survey)
    assert response["answers"] == {"recommend": 9, "satisfied": 4, "comment": "又快又好"}
    assert (response["language"], response["channel"]) == (language, "web")
    assert (response["version"], response["assurance"]) == (1, "open")
    assert response["quality"] != "test"
    await page.close()


async def test_a_lost_answer_is_sent_again_and_counted_once(
    demo: Demo, website: tuple[Path, str], browser: Browser
) -> None:
    """The network fails before the first try arrives and after the second did: one response.

    Between the tries the visitor goes away and comes back: the queue outlives the page.
    """
    folder, address = website
    survey = published(demo)
    put_page(folder, trial=True, base=demo.base_url, key=demo.publishable_key, survey=survey)
    page = await browser.new_page(locale="en")
    tries: list[str] = []

    async def unlucky(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            await route.abort("connectionfailed")
        elif len(tries) == 2:
            await route.fetch()
            await route.abort("connectionreset")
        else:
            await route.continue_()

    await page.route("**/responses/*", unlucky)
    await fill_in(page, address, "en")
    await page.get_by_text("Saved on this device").wait_for()
    await page.goto("about:blank")
    await page.goto(address)
    await page.get_by_text(TEXTS["thanks"]["en"]).wait_for()
    assert len(tries) >= 3
    assert len(set(tries)) == 1
    assert [each["quality"] for each in stored(demo, survey)] == ["test"]
    assert await page.evaluate(f"localStorage.getItem('feedback:{survey}')") == "[]"
    await page.close()


async def test_a_closed_survey_says_so(
    demo: Demo, website: tuple[Path, str], browser: Browser
) -> None:
    """The visitor reads the problem in their own language, and no empty form."""
    folder, address = website
    survey = published(demo)
    with demo.client() as client:
        client.post(f"/v1/surveys/{survey}/close").raise_for_status()
    put_page(folder, base=demo.base_url, key=demo.publishable_key, survey=survey)
    page = await browser.new_page(locale="zh-CN")
    await page.goto(address)
    await page.get_by_text("问卷已关闭").wait_for()
    assert await page.get_by_role("button").count() == 0
    await page.close()


def test_a_key_of_one_website_is_refused_on_another(demo: Demo) -> None:
    """What the page's key may do depends on the website that shows it."""
    survey = published(demo)
    with demo.client() as client:
        wanted = {"kind": "publishable", "name": "site", "origins": ["https://www.example.com"]}
        key = client.post("/v1/api-keys", json=wanted).raise_for_status().json()["key"]
    path = f"{demo.base_url}/v1/surveys/{survey}/versions/current"
    for origin, status in (("https://www.example.com", 200), ("https://elsewhere.example", 403)):
        headers = {"Authorization": f"Bearer {key}", "Origin": origin}
        assert httpx.get(path, headers=headers).status_code == status


@pytest.mark.parametrize("name", ["docs/embed.md", "docs/zh-CN/embed.md"])
def test_the_page_shown_is_the_file(name: str) -> None:
    """The documentation shows the example as it is in the repository."""
    shown = [block.text for block in blocks(ROOT / name) if block.kind == "html"]
    assert EXAMPLE.read_text(encoding="utf-8") in shown
