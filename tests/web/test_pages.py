"""The pages: every problem explained in two languages, the reference, nothing from elsewhere."""

import hashlib
import html
import re
from base64 import b64encode
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.problems import FIELD_CODES, PROBLEMS
from app.web.help import HELP
from tests.conftest import client_of


@pytest.fixture
async def reader(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a key."""
    async with client_of(app) as client:
        yield client


def test_every_problem_is_explained() -> None:
    """Each registered code has a meaning and a remedy in English and in Chinese, and no more."""
    assert HELP.keys() == PROBLEMS.keys()
    for code, help_ in HELP.items():
        for text in (help_.meaning, help_.remedy):
            assert text.en.endswith((".", "?")), code
            assert text.zh.endswith("。"), code
            assert not re.search(r"[一-鿿]", text.en), code
            assert re.search(r"[一-鿿]", text.zh), code


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
async def test_every_code_has_its_page(reader: httpx.AsyncClient, lang: str) -> None:
    """The `type` of every problem, and every code of a field, leads to a page in the language."""
    for code in [*PROBLEMS, *FIELD_CODES]:
        page = await reader.get(f"/problems/{code}", params={"lang": lang})
        assert page.status_code == 200, code
        assert f'<html lang="{lang}">' in page.text
        assert code in page.text
        if code in HELP:
            texts = [PROBLEMS[code].title, HELP[code].meaning, HELP[code].remedy]
        else:
            texts = [FIELD_CODES[code]]
        for text in texts:
            assert text.of(lang) in html.unescape(page.text), code
    listing = (await reader.get("/problems", params={"lang": lang})).text
    assert all(f"/problems/{code}?lang={lang}" in listing for code in [*PROBLEMS, *FIELD_CODES])


async def test_an_unknown_code_is_not_found(reader: httpx.AsyncClient) -> None:
    """A code that does not exist has no page, and is not repeated in the answer."""
    answer = await reader.get("/problems/<script>alert(1)")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
    assert "script" not in answer.text


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "fr", "en"),
        ("?lang=zh-CN", "en", "zh-CN"),
        ("?lang=en", "zh", "en"),
    ],
)
async def test_the_reader_chooses_the_language(
    reader: httpx.AsyncClient, query: str, header: str, language: str
) -> None:
    """The address decides, else the browser's preference, else English."""
    page = await reader.get(f"/{query}", headers={"Accept-Language": header})
    assert page.headers["content-language"] == language
    assert "Accept-Language" in page.headers["vary"]


@pytest.mark.parametrize("path", ["/", "/problems", "/problems/not-found", "/docs"])
async def test_pages_need_nothing_from_elsewhere(reader: httpx.AsyncClient, path: str) -> None:
    """No script, no foreign address, and a policy under which an injected one would not run."""
    page = await reader.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    allowed = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{allowed}'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert "<script" not in page.text
    assert not re.search(r'(?:src|href)="(?!/|#|\?)', page.text)
    assert 'name="viewport"' in page.text


async def test_the_reference_shows_the_whole_document(reader: httpx.AsyncClient) -> None:
    """Every operation and schema of the OpenAPI document, and every link has a target."""
    document = (await reader.get("/v1/openapi.json")).json()
    for lang in ("en", "zh-CN"):
        page = (await reader.get("/docs", params={"lang": lang})).text
        for item in document["paths"].values():
            for operation in item.values():
                assert f'id="{operation["operationId"]}"' in page
        for name in document["components"]["schemas"]:
            assert f'id="schema-{name}"' in page
        targets = set(re.findall(r'href="#([^"]+)"', page))
        assert targets <= set(re.findall(r' id="([^"]+)"', page))


async def test_pages_refuse_parameters_that_they_do_not_know(reader: httpx.AsyncClient) -> None:
    """The rule of the API holds for pages too."""
    assert (await reader.get("/?language=en")).status_code == 422
    assert (await reader.get("/?lang=fr")).status_code == 422


async def test_only_the_probes_are_part_of_the_contract(reader: httpx.AsyncClient) -> None:
    """Pages and metrics are not operations of the API."""
    paths = (await reader.get("/v1/openapi.json")).json()["paths"]
    assert {path for path in paths if not path.startswith("/v1/")} == {"/livez", "/readyz"}
