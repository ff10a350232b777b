"""A page of a report as PDF, with a font that has Chinese characters; runs in the worker only.

The printing engine and the font are an extra of the installation. Without them pages are made all
the same, and whoever asks for a PDF hears what to install.
"""

import importlib.util
import logging
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

from app.problems import Text

#: Names of the family in the page's style sheet, and the package that carries it.
_FAMILY = "Report CJK"
_FONT_PACKAGE = "pylopdf_fonts_zh_cn"
_FOOTER_SIZE = "7.5pt"

WHAT_TO_INSTALL = Text(
    "Documents in PDF are printed by WeasyPrint: install the extra `reports` of the service "
    "(pip install 'customer-feedback[reports]') and Pango (libpango-1.0-0, libpangoft2-1.0-0, "
    "libharfbuzz-subset0), then restart the worker. HTML needs none of them.",
    "PDF 文档由 WeasyPrint 生成：请安装本服务的可选依赖 reports"
    "（pip install 'customer-feedback[reports]'）和 Pango（libpango-1.0-0、libpangoft2-1.0-0、"
    "libharfbuzz-subset0），然后重启 worker。HTML 文档不需要这些组件。",
)


class CannotPrint(Exception):
    """WeasyPrint or one of the libraries of the system that it needs is absent."""


def pdf(html: str, language: str) -> bytes:
    """The page as a tagged PDF file with its fonts embedded. Takes a second or more: use a thread.

    Nothing outside of the page is read but the font. Raises `CannotPrint`.
    """
    weasyprint = _engine()
    fonts = import_module("weasyprint.text.fonts").FontConfiguration()
    fetcher = _only_the_font()
    sheet = weasyprint.CSS(string=_sheet(language), url_fetcher=fetcher, font_config=fonts)
    document = weasyprint.HTML(string=html, url_fetcher=fetcher, media_type="print")
    made: bytes = document.write_pdf(stylesheets=[sheet], font_config=fonts, pdf_tags=True)
    return made


def can_print() -> bool:
    """Whether PDFs can be made here."""
    try:
        _engine()
    except CannotPrint:
        return False
    return True


def has_chinese_font() -> bool:
    """Whether a font with Chinese characters is there: of the system, or of the extra."""
    if _bundled_font() is not None:
        return True
    listing = shutil.which("fc-list")
    if listing is None:
        return False
    found = subprocess.run([listing, ":lang=zh-cn"], capture_output=True, check=False)  # noqa: S603
    return bool(found.stdout.strip())


def _engine() -> Any:  # noqa: ANN401 - a module without types, which may not be there
    # What it does not know of a page that is made for browsers first is no news.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    try:
        return import_module("weasyprint")
    except (ImportError, OSError) as error:  # OSError: Pango and its friends
        raise CannotPrint(type(error).__name__) from error


def _bundled_font() -> Path | None:
    found = importlib.util.find_spec(_FONT_PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0]) / "NotoSansSC-Regular.otf"
    return path if path.is_file() else None


def _only_the_font() -> Any:  # noqa: ANN401 - of a class without types
    """Reads the font of the extra; a report has nothing else to fetch, whatever is in it."""
    urls = import_module("weasyprint.urls")

    class OnlyTheFont(urls.URLFetcher):  # type: ignore[misc, name-defined] # has no types
        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ANN401 - as above
            del headers
            path = _bundled_font()
            if path is None or url != path.as_uri():
                raise ValueError("a report reads nothing from elsewhere")
            return urls.URLFetcherResponse(url, path.read_bytes(), {"Content-Type": "font/otf"})

    return OnlyTheFont()


def _sheet(language: str) -> str:
    """Paper, margins and page numbers, which only print has."""
    path = _bundled_font()
    face = f'@font-face{{font-family:"{_FAMILY}";src:url("{path.as_uri()}")}}' if path else ""
    stack = f'font-family:"Noto Sans CJK SC","Source Han Sans SC","{_FAMILY}",sans-serif'
    before, between, after = Text("Page | of |", "第 | / | 页").of(language).split("|")
    counter = f'"{before}" counter(page) "{between}" counter(pages) "{after}"'
    foot = f"font-size:{_FOOTER_SIZE};color:#566173;white-space:nowrap;{stack}"
    return f"""{face}
        body{{{stack}}}
        h1{{string-set:title content()}}
        header{{margin:0 -16mm;padding:12mm 16mm 6mm}}
        @page{{size:A4;margin:15mm 16mm 16mm;
          @bottom-left{{content:string(title);{foot}}}
          @bottom-right{{content:{counter};{foot}}}}}
        @page:first{{margin-top:0;@bottom-left{{content:none}}}}
    """
