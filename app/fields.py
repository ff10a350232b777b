"""The vocabulary of every schema: strict inputs, explicit outputs, and the types of fields."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

T = TypeVar("T")


class Input(BaseModel):
    """What a client sends: no unknown field, no coercion (`"9"` is not 9)."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True
    )


class Output(BaseModel):
    """What we answer. Fields carry no defaults, so that clients see every one as present."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


def example(**members: JsonValue) -> ConfigDict:
    """The configuration that shows an instance in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [members]})


def _fail(code: str) -> PydanticCustomError:
    """A validation error whose type is already one of `FIELD_CODES`."""
    return PydanticCustomError(code, "{code}", {"code": code})


def storable(text: str) -> str:
    """Refuse what PostgreSQL cannot hold: U+0000 and lone surrogates."""
    if "\x00" in text:
        raise _fail("invalid-text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _fail("invalid-text") from None
    return text


_Storable = AfterValidator(storable)
#: The same for a JSON Schema: any text without U+0000.
TEXT_PATTERN = "^[^\\u0000]*$"

#: Names, titles: one line's worth.
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200), _Storable]
#: Question texts, descriptions.
Text = Annotated[str, StringConstraints(min_length=1, max_length=4_000), _Storable]
#: What people write: complaints, open answers.
LongText = Annotated[str, StringConstraints(min_length=1, max_length=20_000), _Storable]
#: A stable code chosen by the workspace: question keys, choice codes, categories, segments.
CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_\-]{0,63}$"
Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
#: An identifier made by another system: any printable text without spaces at the ends.
ExternalId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$"),
    _Storable,
]
LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"
#: BCP 47, the part in use: "en", "zh-CN", "zh-Hant-TW".
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
#: ISO 4217 alphabetic code.
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
#: "2026-11-22T10:15:00Z" and "2026-11-22T10:15:00+08:00": their lengths by what stands between
#: their numbers, at 4, 7, 10 and so on.
_PLAIN = {"--T::Z": 20, "--T::+:": 25, "--T::-:": 25}


#: Not every zone has the edges of the years 1 and 9999, and the driver takes them for infinity.
YEARS = range(2, 9999)


def parse_timestamp(value: object) -> datetime:
    """Read an RFC 3339 time with an offset; the result is in UTC.

    Raises a validation error of type `timezone-required` for a naive time or a bare date,
    `wrong-type` for anything but text, `invalid-timestamp` for 24:00:00, 30 February, +25:00,
    and years outside of `YEARS`.
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise _fail("wrong-type")
    if _PLAIN.get(value[4::3]) == len(value) and value.isprintable():
        try:  # the usual form, read in C, where "Z" with U+0000 would pass for two digits
            return _within(datetime.fromisoformat(value).astimezone(UTC))
        except (ValueError, OverflowError):
            pass
    found = _RFC3339.fullmatch(value)
    if found is None:
        bare_date = re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)
        raise _fail("timezone-required" if bare_date else "invalid-timestamp")
    if found[8] is None:
        raise _fail("timezone-required")
    try:
        return _within(datetime.fromisoformat(_six_digits(value, found)).astimezone(UTC))
    except (ValueError, OverflowError):
        raise _fail("invalid-timestamp") from None


def _within(instant: datetime) -> datetime:
    if instant.year not in YEARS:
        raise ValueError
    return instant


def _six_digits(value: str, found: re.Match[str]) -> str:
    """The form that `datetime.fromisoformat` reads: nanoseconds are cut to microseconds."""
    fraction = f".{found[7][:6]:0<6}" if found[7] else ""
    offset = "+00:00" if found[8] in "Zz" else found[8]
    return f"{value[:10]}T{value[11:19]}{fraction}{offset}"


def parse_date(value: object) -> date:
    """Read a local civil date, YYYY-MM-DD."""
    if type(value) is date:
        return value
    if not isinstance(value, str):
        raise _fail("wrong-type")
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise _fail("invalid-date") from None


def parse_money(value: object) -> Decimal:
    """Read an amount as decimal text with at most 4 decimals; a JSON number is refused.

    Binary floats cannot hold 0.10; text keeps what the sender meant.
    """
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise _fail("wrong-type")
    if not re.fullmatch(r"-?\d{1,14}(\.\d{1,4})?", value, re.ASCII):
        raise _fail("invalid-amount")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise _fail("invalid-amount") from None


def utc_text(instant: datetime) -> str:
    """The one form in which times leave the service: RFC 3339 in UTC with `Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


#: An instant; sent with any offset, kept and answered in UTC.
Timestamp = Annotated[
    datetime,
    BeforeValidator(parse_timestamp),
    PlainSerializer(utc_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
#: The same as a query parameter.
TimestampQuery = Annotated[
    datetime,
    BeforeValidator(parse_timestamp),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
#: A civil date without a zone.
LocalDate = Annotated[
    date,
    BeforeValidator(parse_date),
    WithJsonSchema({"type": "string", "format": "date"}),
]
_MONEY_SCHEMA = {"type": "string", "pattern": r"^-?\d{1,14}(\.\d{1,4})?$", "examples": ["128.50"]}


def money_text(amount: Decimal) -> str:
    """An amount as JSON text, never in scientific notation."""
    return f"{amount:f}"


#: An amount of money; its currency stands beside it.
Money = Annotated[
    Decimal,
    BeforeValidator(parse_money),
    PlainSerializer(money_text, return_type=str, when_used="json"),
    WithJsonSchema(_MONEY_SCHEMA),
]


def _not_negative(amount: Decimal) -> Decimal:
    if amount < 0:
        raise _fail("number-out-of-range")
    return amount


#: An amount of at least zero.
Amount = Annotated[Money, AfterValidator(_not_negative)]

#: Without the machine's own zone, which some systems list and PostgreSQL does not know.
_ZONES = frozenset(available_timezones() - {"localtime"})


def _known_zone(name: str) -> str:
    if name not in _ZONES:
        raise _fail("unknown-time-zone")
    return name


#: The name of an IANA time zone.
TimeZone = Annotated[str, AfterValidator(_known_zone)]


def zone(name: str) -> ZoneInfo:
    """The zone of a name that was validated when it was stored."""
    return ZoneInfo(name)


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def weekday(name: str) -> int:
    """The number of a day of the week, as `date.weekday` counts: Monday is 0."""
    return get_args(Weekday).index(name)


Count = Annotated[int, Field(ge=0, lt=2**63)]


#: A thing has at most so many of them.
MAX_FACTS = 50


def _metadata(value: object) -> object:
    if isinstance(value, dict) and len(value) > MAX_FACTS:
        raise _fail("too-many-items")
    return value


_Number = Annotated[float, Field(ge=-(2**63), lt=2**63)]
MetadataValue = (
    Annotated[str, StringConstraints(max_length=1_000), _Storable] | bool | int | _Number
)
#: Flat facts about a thing, for filters and exports; not for nested documents.
Metadata = Annotated[dict[Code, MetadataValue], BeforeValidator(_metadata)]

#: Texts by language; which languages must be there is a rule of the survey.
Localized = Annotated[
    dict[Language, Text],
    Field(min_length=1, max_length=30),
    # Generated clients read `additionalProperties` as text by key; of `patternProperties` most
    # make nothing.
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 30,
            "propertyNames": {"pattern": LANGUAGE_PATTERN},
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 4_000},
            "examples": [{"zh-CN": "您好", "en": "Hello"}],
            "x-name": "Localized",
        }
    ),
]

__all__ = [
    "CODE_PATTERN",
    "LANGUAGE_PATTERN",
    "MAX_FACTS",
    "TEXT_PATTERN",
    "YEARS",
    "Amount",
    "Code",
    "Count",
    "Currency",
    "ExternalId",
    "Input",
    "Language",
    "LocalDate",
    "Localized",
    "LongText",
    "Metadata",
    "MetadataValue",
    "Money",
    "Output",
    "ShortText",
    "Text",
    "TimeZone",
    "Timestamp",
    "TimestampQuery",
    "example",
    "money_text",
    "parse_date",
    "parse_money",
    "parse_timestamp",
    "storable",
    "utc_text",
    "zone",
]  # fmt: skip
