"""PDF documents: Chinese and English as text, in embedded fonts, also where a machine has none."""

import asyncio
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from app.reports import printing
from app.reports.printing import CannotPrint, can_print, has_chinese_font, pdf

ROOT = Path(__file__).parents[2]
PAGE = (
    '<!doctype html><html lang="zh-CN"><head><title>客户服务月报</title></head><body>'
    "<h1>客户服务月报</h1><p>净推荐值 +23，有效作答 139。 Service report</p>"
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 40" width="200" height="40" '
    'font-family="Noto Sans CJK SC, Report CJK, sans-serif"><text x="2" y="20">渠道与门店</text>'
    "</svg></body></html>"
)


@pytest.fixture(scope="module", autouse=True)
def engine() -> None:
    """Skip where there is none; a mark would load it in every worker that collects tests."""
    if not can_print():
        pytest.skip("needs the extra `reports` and Pango")


def _fonts(reader: PdfReader) -> dict[str, Any]:
    """Every font of the file by its name, without the mark of a subset."""
    found: dict[str, Any] = {}
    for page in reader.pages:
        resources: Any = page["/Resources"].get_object()
        for each in resources["/Font"].get_object().values():
            font = each.get_object()
            found[str(font["/BaseFont"]).rpartition("+")[2]] = font
    return found


def _is_embedded(font: Any) -> bool:
    [descendant] = font["/DescendantFonts"].get_object()
    descriptor = descendant.get_object()["/FontDescriptor"].get_object()
    return any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))


def test_chinese_is_text_in_an_embedded_font() -> None:
    """The words can be copied and searched, in the page and in its drawings; fonts go along."""
    reader = PdfReader(BytesIO(pdf(PAGE, "zh-CN")))
    text = "".join(page.extract_text() for page in reader.pages)
    for words in ("客户服务月报", "净推荐值", "渠道与门店", "Service report", "第 1 / 1 页"):
        assert words in text
    fonts = _fonts(reader)
    assert fonts
    assert all(_is_embedded(font) for font in fonts.values())
    assert any("CJK" in name or "Han" in name for name in fonts)


def test_a_machine_without_fonts_prints_chinese(tmp_path: Path) -> None:
    """Where the system has no Chinese font, the one that comes with the extra is embedded."""
    config = tmp_path / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>"
    )
    page, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(PAGE, encoding="utf-8")
    script = (
        "import sys; from pathlib import Path; from app.reports.printing import pdf;"
        "Path(sys.argv[2]).write_bytes(pdf(Path(sys.argv[1]).read_text('utf-8'), 'zh-CN'))"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(page), str(printed)],
        env={"FONTCONFIG_FILE": str(config), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        check=True,
        timeout=120,
    )
    reader = PdfReader(printed)
    fonts = _fonts(reader)
    assert {name.replace("-", " ").removesuffix(" Bold") for name in fonts} == {"Report CJK"}
    assert all(_is_embedded(font) for font in fonts.values())
    assert "渠道与门店" in reader.pages[0].extract_text()


def test_nothing_is_fetched() -> None:
    """A page that refers to files and addresses is printed without them."""
    hostile = PAGE.replace(
        "<p>",
        '<img src="file:///etc/passwd"><link rel="stylesheet" href="http://127.0.0.1:9/x"><p>',
    )
    reader = PdfReader(BytesIO(pdf(hostile, "zh-CN")))
    assert "root:" not in reader.pages[0].extract_text()


def test_a_font_is_found_here() -> None:
    """`feedback check` can tell whether Chinese can be printed; here it can."""
    assert has_chinese_font()


def test_without_the_engine_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is not installed is an error of its own, with words on what to install."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(CannotPrint):
        pdf(PAGE, "en")
    assert not can_print()
    for text in (printing.WHAT_TO_INSTALL.en, printing.WHAT_TO_INSTALL.zh):
        assert "reports" in text
        assert "libpango" in text


async def test_printing_does_not_stop_the_worker() -> None:
    """While a page is printed in a thread, other work of the process goes on."""
    printing_ = asyncio.create_task(asyncio.to_thread(pdf, PAGE, "en"))
    turns = 0
    while not printing_.done():
        turns += 1
        await asyncio.sleep(0.002)
    assert printing_.result().startswith(b"%PDF-")
    assert turns > 3


def test_the_service_starts_without_the_printing_engine(loaded_by_the_api: frozenset[str]) -> None:
    """Serving the API imports neither the engine nor what it is made of."""
    assert loaded_by_the_api & {"weasyprint", "fontTools", "PIL"} == set()
