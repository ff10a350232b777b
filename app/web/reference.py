"""The OpenAPI document as a page shows it: operations by tag, schemas by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

Json = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Member:
    """A parameter or a field. `type` is a JSON Schema."""

    name: str
    place: str
    required: bool
    type: Json
    description: str


@dataclass(frozen=True)
class Answer:
    """What an operation may answer with one status."""

    status: str
    description: str
    types: list[Json]


@dataclass(frozen=True)
class Operation:
    """One method of one path. `bodies` are media types with their schemas.

    FastAPI makes the document's summaries from function names; the first paragraph of the
    description says more.
    """

    id: str
    method: str
    path: str
    summary: str
    paragraphs: list[str]
    parameters: list[Member]
    bodies: list[tuple[str, Json]]
    answers: list[Answer]


@dataclass(frozen=True)
class Schema:
    """A named schema; `fields` is empty where it is no object."""

    name: str
    description: str
    fields: list[Member]
    type: Json


def operations(document: Json) -> list[tuple[str, list[Operation]]]:
    """The operations under their tags, in the order of the document."""
    tags: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = item[method].get("tags", ["other"])[0]
                shared = document.get("components", {}).get("responses", {})
                tags.setdefault(tag, []).append(_operation(path, method, item[method], shared))
    return list(tags.items())


def _operation(path: str, method: str, found: Json, shared: Json) -> Operation:
    body = found.get("requestBody", {}).get("content", {})
    summary, *paragraphs = found.get("description", found.get("summary", "")).split("\n\n")
    return Operation(
        id=found["operationId"],
        method=method.upper(),
        path=path,
        summary=summary,
        paragraphs=paragraphs,
        parameters=[
            Member(
                name=each["name"],
                place=each["in"],
                required=each.get("required", False),
                type=each.get("schema", {}),
                description=each.get("description", ""),
            )
            for each in found.get("parameters", ())
        ],
        bodies=[(media, content.get("schema", {})) for media, content in body.items()],
        answers=[_answer(status, each, shared) for status, each in found["responses"].items()],
    )


def _answer(status: str, found: Json, shared: Json) -> Answer:
    if "$ref" in found:
        found = shared[found["$ref"].rpartition("/")[2]]
    return Answer(
        status=status,
        description=found.get("description", ""),
        types=[
            content["schema"]
            for content in found.get("content", {}).values()
            if content.get("schema")
        ],
    )


def schemas(document: Json) -> list[Schema]:
    """The named schemas in alphabetical order."""
    found: Json = document.get("components", {}).get("schemas", {})
    return [
        Schema(
            name=name,
            description=schema.get("description", ""),
            fields=[
                Member(
                    name=field,
                    place="body",
                    required=field in schema.get("required", ()),
                    type=type_,
                    description=type_.get("description", ""),
                )
                for field, type_ in schema.get("properties", {}).items()
            ],
            type=schema,
        )
        for name, schema in sorted(found.items())
    ]


def prose(text: str) -> Markup:
    """A description; what stands between backticks is code."""
    parts = [escape(part) for part in text.split("`")]
    code = Markup("<code>{}</code>")
    return Markup().join(code.format(part) if n % 2 else part for n, part in enumerate(parts))


def shape(schema: Json) -> Markup:
    """A schema in a few words, with links to the named ones."""
    return Markup(" | ").join(dict.fromkeys(_shapes(schema)))


def _shapes(schema: Json) -> Iterator[Markup]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield Markup('<a href="#schema-{0}"><code>{0}</code></a>').format(name)
    elif "anyOf" in schema or "oneOf" in schema:
        for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from _shapes(each)
    elif "allOf" in schema:
        yield Markup(" &amp; ").join(shape(each) for each in schema["allOf"])
    elif "const" in schema:
        yield Markup("<code>{}</code>").format(str(schema["const"]))
    elif "enum" in schema:
        for value in schema["enum"]:
            yield Markup("<code>{}</code>").format(str(value))
    elif schema.get("type") == "array":
        yield Markup("[{}]").format(shape(schema.get("items", {})))
    else:
        words = str(schema.get("type", "any"))
        if "format" in schema:
            words += f" ({schema['format']})"
        yield Markup("{}").format(words)
