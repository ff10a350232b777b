"""Whether an answer is one that the OpenAPI document promises; every test may ask."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from app.main import document

Json = dict[str, Any]
#: Answered before any operation is found, or by none: `default` speaks of them.
OF_NO_OPERATION = {405, 414, 431, 500}
_HERE = "urn:document"


@dataclass(frozen=True)
class Place:
    """A path of the document."""

    path: str
    pattern: re.Pattern[str]
    operations: Json


@cache
def contract() -> Json:
    """The document, made once."""
    return document()


@cache
def _places() -> dict[tuple[str, ...], list[Place]]:
    """The paths by what they begin with: most answers are asked where they belong."""
    found: dict[tuple[str, ...], list[Place]] = {}
    # What is written out stands before what a parameter may stand for.
    for path in sorted(contract()["paths"], key=lambda path: path.count("{")):
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))
        place = Place(path, re.compile(pattern), contract()["paths"][path])
        found.setdefault(_beginning(path), []).append(place)
    return found


def _beginning(path: str) -> tuple[str, ...]:
    """The version and the name of what is asked for, which no parameter stands for."""
    return tuple(path.split("/", 3)[1:3])


@cache
def _validator(reference: str) -> Draft202012Validator:
    whole = DRAFT202012.create_resource(contract())
    registry: Registry[Any] = Registry().with_resource(_HERE, whole)
    return Draft202012Validator({"$ref": _HERE + reference}, registry=registry)


def place_of(path: str) -> Place | None:
    """The documented path that an address belongs to."""
    places = _places().get(_beginning(path), ())
    return next((place for place in places if place.pattern.fullmatch(path)), None)


def violations(answer: httpx.Response) -> list[str]:
    """What an answer of a documented path does that the document does not say."""
    place = place_of(answer.request.url.path)
    operation = place and place.operations.get(answer.request.method.lower())
    if not place or not operation:
        return []
    asked = f"{answer.request.method} {place.path}"
    promised = operation["responses"].get(str(answer.status_code))
    if promised is None and answer.status_code in OF_NO_OPERATION:
        promised = operation["responses"]["default"]
    if promised is None:
        return [f"{asked} answers {answer.status_code}, which is not documented"]
    promised = _resolved(promised)
    found = [
        f"{asked} {answer.status_code} sends {name}, which is not documented"
        for name in ("etag", "location", "retry-after", "idempotent-replayed")
        if name in answer.headers and name not in {each.lower() for each in promised["headers"]}
    ]
    return [*found, *_in_body(asked, answer, promised.get("content", {}))]


def _in_body(asked: str, answer: httpx.Response, content: Json) -> list[str]:
    if not answer.content and not content:
        return []
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if media_type not in content:
        return [f"{asked} answers with {media_type}, which is not documented"]
    if not media_type.endswith("json"):
        return []  # a document for people: that it is of the right type is all that is said
    schema = content[media_type]["schema"]
    validator = _validator(schema["$ref"])
    errors = validator.iter_errors(answer.json())
    return [f"{asked}: {error.json_path} {error.message}" for error in errors]


def _resolved(answer: Json) -> Json:
    if "$ref" not in answer:
        return answer
    shared: Json = contract()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return shared


#: Bodies of one operation that a run judges: the next thousand of the same would show no more.
_ENOUGH = 25
_judged: Counter[tuple[str, str, int]] = Counter()


async def conforms(answer: httpx.Response) -> None:
    """For the event hooks of httpx: fails the test that received another answer."""
    place = place_of(answer.request.url.path)
    kind = (answer.request.method, place.path if place else "", answer.status_code)
    _judged[kind] += 1
    if _judged[kind] <= _ENOUGH:
        await answer.aread()
        assert violations(answer) == []
