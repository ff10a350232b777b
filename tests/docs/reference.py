"""Makes the pages of `docs/reference/` that are tables of what the code declares.

`python -m tests.docs.reference` writes them; a test fails where one is out of date.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from fastapi.routing import APIRoute

from app.complaints.kinds import KINDS
from app.complaints.transitions import RULES
from app.http.auth import PUBLISHABLE, SCOPES, Access, declared_need
from app.kpis.catalog import CATALOGUE
from app.kpis.declaration import Kpi, Option
from app.main import ROUTERS
from app.problems import FIELD_CODES, PROBLEMS
from tests.docs.markdown import ROOT

DIRECTORY = ROOT / "docs" / "reference"
_KPI_PATH = re.compile("/v1/kpis/(" + "|".join(kpi.id for kpi in CATALOGUE) + r")(?=/|$)")
_MADE = "<!-- Made by `python -m {by}` from the code; change it there. -->"


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or "–"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def made(title: str, about: str, *parts: str, by: str = "tests.docs.reference") -> str:
    """A page that is made by a command, and says so."""
    return "\n\n".join([f"# {title}", _MADE.format(by=by), about, *parts]) + "\n"


def problems() -> str:
    """Every problem and every code of a field."""
    kinds = markdown_table(
        ("code", "status", "title", "标题"),
        ((f"`{code}`", str(kind.status), kind.title.en, kind.title.zh)
         for code, kind in PROBLEMS.items()),
    )  # fmt: skip
    fields = markdown_table(
        ("code", "detail", "说明"),
        ((f"`{code}`", text.en, text.zh) for code, text in FIELD_CODES.items()),
    )
    return made(
        "Problems / 问题代码",
        "Errors are `application/problem+json` (RFC 9457). Branch on `code`: it is stable for "
        "ever. The service explains each at `/problems/<code>`, with what to do about it.\n\n"
        "错误以 `application/problem+json` 返回，请按 `code` 区分；服务在 `/problems/<code>` "
        "说明每种问题及处理办法。",
        "## Whole answers / 整个请求的问题",
        kinds,
        "## Single fields / 单个字段的问题",
        "They stand in `errors`, each with a `pointer`: a JSON Pointer into the body, `?name` for "
        "a query parameter, `name:` for a header.",
        fields,
    )


def kpis() -> str:
    """Every KPI of the catalogue."""
    return made(
        "KPIs / 指标",
        "Each has a path of its own below `/v1/kpis/`, with `/trend`, `/compare` and, where it "
        "counts answers, `/distribution`. `GET /v1/kpis` answers the same in JSON. `*` stands for "
        "the dimensions that the workspace declares.\n\n"
        "Data count on the day on which they happened, whenever they come. Every answer says by "
        "`as_of` up to when all that was committed is counted, and by `period.restated_at` when "
        "anything that the figure may rest on last changed after the period was complete (null if "
        "nothing did): late answers, corrections, late orders, refunds, leads, statements.\n\n"
        "数据一律计入其发生之日，无论何时到达。`as_of` 表示在该时刻之前已提交的数据均已计入；"
        "`period.restated_at` 为期间完整（complete）之后，该指标所依据的数据最近一次到达、"
        "更改或撤销的时间"
        "（没有则为空）：迟到或更正的作答、迟到的订单、退款、线索以及申报数据。",
        *(part for kpi in CATALOGUE for part in _kpi(kpi)),
    )


def _kpi(kpi: Kpi) -> Iterator[str]:
    yield f"## `{kpi.id}`: {kpi.name.en} / {kpi.name.zh}"
    yield f"Formula: {kpi.formula.en.rstrip('.')}."
    yield f"公式：{kpi.formula.zh.rstrip('。')}。"
    facts = [
        f"numerator / 分子: {kpi.numerator.en} / {kpi.numerator.zh}",
        f"denominator / 分母: {kpi.denominator.en} / {kpi.denominator.zh}",
        f"unit / 单位: `{kpi.unit}`; {kpi.direction} is better",
        f"interval / 区间: `{kpi.interval}`",
        f"filtered and grouped by / 维度: {_code(kpi.dimensions)}",
        *(f"option / 选项 {_option(option)}" for option in kpi.options),
    ]
    yield "\n".join(f"- {fact}" for fact in facts)


def _option(option: Option) -> str:
    values = _code(option.values) or f"{option.low} to {option.high}"
    default = f" (`{option.default}` if absent)" if option.default else ""
    return f"`{option.name}`: {values}{default}. {option.description.en} / {option.description.zh}"


def complaints() -> str:
    """The kinds of contact and every event of a case."""
    kinds = markdown_table(
        ("kind", "name", "名称", "counts as a complaint", "may be anonymous"),
        ((f"`{code}`", kind.label.en, kind.label.zh, _yes(kind.counts_as_complaint),
          _yes(kind.anonymous_allowed)) for code, kind in KINDS.items()),
    )  # fmt: skip
    events = markdown_table(
        ("event", "name", "名称", "from", "to", "by", "needs"),
        ((f"`{rule.event}`", rule.label.en, rule.label.zh, _code(rule.moves),
          _code(sorted({target for source, targets in rule.moves.items()
                        for target in targets if target != source})) or "stays",
          _code(sorted(rule.roles)),
          _code([*rule.required, *rule.required_unless_set])) for rule in RULES),
    )  # fmt: skip
    return made(
        "Complaints / 投诉",
        "A case moves by events: `POST /v1/complaints/{case}/events`. What may happen to a case "
        "now is answered by `GET /v1/complaints/{case}/transitions`; what may not is 409 "
        "`illegal-transition` with `legal_events`.",
        "## Kinds of contact / 来访类型",
        kinds,
        "## Events / 事件",
        events,
    )


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def keys() -> str:
    """Every scope, and the operations that need it."""
    needed: dict[str, set[str]] = {scope: set() for scope in (*SCOPES, PUBLISHABLE, "")}
    for route, need in _routes():
        for method in (route.methods or set()) - {"HEAD"}:
            operation = f"{method} {_KPI_PATH.sub('/v1/kpis/{kpi}', route.path)}"
            needed[need.scope or ""].add(operation)
            if need.publishable:
                needed[PUBLISHABLE].add(operation)
    return made(
        "Keys and scopes / 密钥与权限范围",
        "`Authorization: Bearer <key>`. A secret key (`fbs_...`) holds scopes and stays on your "
        "servers: one that arrives from a web page is refused. A publishable key (`fbp_...`) is "
        "for pages and apps, may be bound to websites and surveys, and can do only what is listed "
        "for it. A scope without operations is kept for what is to come; "
        "`responses:read_pii` decides what answers show.\n\n"
        "私有密钥（`fbs_...`）带有权限范围，只能放在服务器上；公开密钥（`fbp_...`）用于网页和应用，"
        "可限定网站与问卷，只能执行下面列出的操作。",
        "## What a publishable key can do / 公开密钥可执行的操作",
        _bullets(needed[PUBLISHABLE]),
        "## What needs no key / 无需密钥",
        _bullets(needed[""]),
        "## Scopes of secret keys / 私有密钥的权限范围",
        *(part for scope in SCOPES for part in (f"### `{scope}`", _bullets(needed[scope]))),
    )


def _bullets(operations: Iterable[str]) -> str:
    lines = sorted(operations, key=lambda each: (each.split()[1], each))
    return "\n".join(f"- `{line}`" for line in lines) or "No operation of its own."


def _routes() -> Iterator[tuple[APIRoute, Access]]:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                need = declared_need(route.dependant)
                assert need is not None
                yield route, need


PAGES: dict[str, Callable[[], str]] = {
    "problems.md": problems,
    "kpis.md": kpis,
    "complaints.md": complaints,
    "keys.md": keys,
}


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        Path(DIRECTORY / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
