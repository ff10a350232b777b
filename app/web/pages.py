"""Pages: templates in two languages, light, without scripts or anything from elsewhere."""

from base64 import b64encode
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from app.http.rendering import language_of
from app.problems import Text

_LOADER = PackageLoader("app.web")
_TEMPLATES = Environment(
    loader=_LOADER,
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_CSS = _LOADER.get_source(_TEMPLATES, "pages.css")[0]
_STYLE_HASH = b64encode(sha256(_CSS.encode()).digest()).decode()
_HEADERS = {
    # The hash allows our one style sheet and nothing else; the pages need no nonce.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "public, max-age=60",
    "Vary": "Accept-Language",
}

Lang = Annotated[
    Literal["zh-CN", "en"] | None,
    Query(description="The language of the page; without it Accept-Language decides."),
]


def language(request: Request, lang: str | None) -> str:
    """The language of a page, as BCP 47."""
    wanted = lang or language_of(request.scope)
    return "zh-CN" if wanted.startswith("zh") else "en"


def page(template: str, language: str, **values: object) -> HTMLResponse:
    """Render a template; in it `t(english, chinese)` is the text in the reader's language."""
    rendered = _TEMPLATES.get_template(template).render(
        language=language,
        css=Markup(_CSS),  # noqa: S704 - our own file
        t=lambda en, zh: Text(en, zh).of(language),
        **values,
    )
    return HTMLResponse(rendered, headers={**_HEADERS, "Content-Language": language})
