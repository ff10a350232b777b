"""The query parameters of each KPI's routes, made from its declaration.

A route documents and takes exactly what its KPI can honour; the route class refuses the rest.
"""

from collections.abc import Awaitable, Callable, Iterator
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AfterValidator, Field, StringConstraints

from app.fields import Amount, Code, LocalDate, TimeZone, storable
from app.kpis.asking import NAMED_DIMENSIONS, Asked
from app.kpis.calendar_units import Grain
from app.kpis.declaration import Dedupe, Kpi, Option
from app.kpis.statistics import DEFAULT_LEVEL, Correction
from app.responses.schemas import CLOSED_DIMENSIONS
from app.weighting.service import UNWEIGHTED

View = Literal["value", "trend", "compare", "distribution"]

_Text = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
_Version = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}$")]
_Id = Annotated[str, StringConstraints(max_length=64)]
_Several = Field(max_length=50)

_ZONE = "IANA time zone of the local dates; the workspace's if absent."
_FILTER = (
    "`<dimension>:<value>`; repeated for one dimension, any of the values passes. An empty value "
    "selects what has none."
)
_CORRECTION = (
    "How the p-values of the pairs are adjusted for their number: `holm` bounds the chance of any "
    "false claim, `bh` (Benjamini and Hochberg) the part of false claims."
)
_DEDUPE = (
    "`latest_per_customer` counts of each customer the latest response to a survey in the period "
    "only, before any filter; responses without a customer all count. From the rows: slower."
)
_CLUSTERED = (
    "Intervals and tests of answers that are alike within a customer: `n_effective` says how many "
    "independent ones would tell as much. Values stay as they are; a response without a customer "
    "stands for itself. From the rows: slower."
)
_WEIGHTING = (
    "A weighting scheme of the workspace, by its name: the responses of the period are weighed so "
    "that they have its margins. `none`: all are alike. Not together with `clustered`."
)
_CONTROL = (
    "A control chart of the complete points: `ewma` (moving average of weight 0.2, three standard "
    "deviations), or `p_chart` for a share (three standard errors of each point's own number)."
)


def reader(kpi: Kpi, view: View) -> Callable[..., Awaitable[Asked]]:
    """The dependency that reads the parameters of one view of a KPI."""
    parameters = list(_parameters(kpi, view))
    options = [option.name for option in kpi.options]

    # Asynchronous because FastAPI runs plain functions in a thread, which costs more than this.
    async def read(**given: Any) -> Asked:  # noqa: ANN401 - as the signature declares
        named = {name: tuple(given.get(name) or ()) for name in NAMED_DIMENSIONS}
        surveys = given.get("survey")
        return Asked(
            start=given["from_"],
            end=given["to"],
            zone=given["tz"],
            compare=given.get("compare", "none"),
            level=given["level"],
            surveys=tuple(surveys) if surveys else None,
            question=given.get("question"),
            named={name: values for name, values in named.items() if values},
            filters=tuple(given.get("filter") or ()),
            quality=given.get("quality", "all"),
            dedupe=given.get("dedupe", "none"),
            clustered=given.get("clustered", False),
            weighting=given.get("weighting", UNWEIGHTED),
            options={name: str(given[name]) for name in options if given[name] is not None},
            grain=given.get("grain", "day"),
            group_by=given.get("group_by"),
            correction=given.get("correction", "holm"),
            control=given.get("control", "none"),
            smoothing=given.get("smoothing"),
        )

    read.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return read


def _parameters(kpi: Kpi, view: View) -> Iterator[Parameter]:
    day = LocalDate | None
    yield _parameter("from_", day, None, "First local date; 30 days before `to` if absent.")
    yield _parameter("to", day, None, "The local date after the last; tomorrow if absent.")
    yield _parameter("tz", TimeZone | None, None, _ZONE)
    level = Annotated[float, Field(ge=0.8, le=0.999)]
    yield _parameter("level", level, DEFAULT_LEVEL, "Confidence level of the intervals.")
    if view == "value":
        compare = Literal["previous", "last_year", "none"]
        yield _parameter("compare", compare, "previous", "The earlier period to compare with.")
    if view == "trend":
        yield from _trend()
    if view == "compare":
        yield _parameter("group_by", _Text, Parameter.empty, "The dimension of the groups.")
        yield _parameter("correction", Correction, "holm", _CORRECTION)
    yield from _surveys(kpi)
    if kpi.takes_survey and kpi.interval != "none" and view != "distribution":
        yield _parameter("clustered", bool, default=False, description=_CLUSTERED)
    yield from _dimensions(kpi)
    for option in kpi.options:
        yield option_parameter(option)


def _trend() -> Iterator[Parameter]:
    yield _parameter("grain", Grain, "day", "The unit of the calendar of each point.")
    control = Literal["none", "ewma", "p_chart"]
    yield _parameter("control", control, "none", _CONTROL)
    size = Annotated[int, Field(ge=2, le=90)] | None
    yield _parameter("smoothing", size, None, "Add the rolling mean over so many points.")


def _surveys(kpi: Kpi) -> Iterator[Parameter]:
    if kpi.takes_survey:
        yield _several("survey", _Id, "Surveys to count; all if absent.")
        quality = Literal["all", "clean"]
        yield _parameter("quality", quality, "all", "`clean` leaves flagged responses out.")
        yield _parameter("dedupe", Dedupe, "none", _DEDUPE)
    if kpi.takes_weighting:
        yield _parameter("weighting", Code, UNWEIGHTED, _WEIGHTING)
    if kpi.takes_question:
        yield _parameter("question", _Text | None, None, "Only the question with this key.")


def _dimensions(kpi: Kpi) -> Iterator[Parameter]:
    for name in NAMED_DIMENSIONS:
        if name in kpi.dimensions:
            allowed = CLOSED_DIMENSIONS.get(name) if kpi.family == "survey" else None
            value: Any = Literal[allowed] if allowed else _Version if name == "version" else _Text
            yield _several(name, value, f"Only this {name}; repeat it for any of several.")
    if set(kpi.dimensions) - set(NAMED_DIMENSIONS):
        yield _several("filter", _Text, _FILTER)


def option_parameter(option: Option) -> Parameter:
    """A word of a list, a whole number or money; one without a default may be left out."""
    type_: Any = Literal[option.values]
    default: str | int | None = option.default
    if option.amount:
        type_ = Amount
    elif not option.values:
        type_ = Annotated[int, Field(ge=option.low, le=option.high)]
        default = int(option.default) if option.default else None
    if default in {None, ""}:
        type_, default = type_ | None, None
    return _parameter(option.name, type_, default, option.description.en)


def _several(name: str, value: Any, description: str) -> Parameter:  # noqa: ANN401 - a type
    several: Any = Annotated[list[value], _Several]
    return _parameter(name, several, [], description)


def _parameter(
    name: str,
    type_: Any,  # noqa: ANN401 - a type
    default: str | float | list[str] | type | None,
    description: str,
) -> Parameter:
    """A keyword; `from` is one of Python's own, so its name there ends in an underscore."""
    query = Query(alias=name.rstrip("_"), description=description)
    return Parameter(
        name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[type_, query]
    )
