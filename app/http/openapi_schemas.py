"""Schemas as generators of clients can use them: everything named, nothing untyped.

pydantic describes what it validates; a generator needs a little more. Every rule here stands
for something that some generator made nothing of.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

#: What each line of a text body holds.
LINES = "x-item-schema"
#: In the JSON schema of a type that many fields share: the name under which it is documented.
NAME = "x-name"
_REFERENCE = "#/components/schemas/"
#: FastAPI's own error bodies, which we never send, and pydantic's `{}`.
_UNUSED = ("HTTPValidationError", "ValidationError", "JsonValue")
_SCALARS: list[Json] = [{"type": each} for each in ("string", "number", "boolean", "null")]


def reference(name: str) -> Json:
    """A schema that refers to a named one."""
    return {"$ref": _REFERENCE + name}


def _json_value(depth: int) -> Json:
    """Any JSON, spelt out, with arrays in arrays up to a depth.

    pydantic says `{}`, which tells a generator nothing; a union that holds itself is more than
    most can take, while an object that does is common.
    """
    arrays = [{"type": "array", "items": _json_value(depth - 1)}] if depth else []
    return {"anyOf": [*_SCALARS, reference("JsonObject"), *arrays]}


_JSON_OBJECT: Json = {
    "description": "Any JSON object.",
    "type": "object",
    "additionalProperties": _json_value(3),
}


def tidy(document: Json) -> None:
    """Rework all schemas of the document in place."""
    schemas: dict[str, Json] = document["components"]["schemas"]
    for name in _UNUSED:
        schemas.pop(name, None)
    schemas["JsonObject"] = deepcopy(_JSON_OBJECT)
    for _, operation in operations(document):
        _name_bodies(operation, schemas)
    for schema in list(roots(document)):
        for inner in inside(schema):
            _name_union(inner, schemas)
            _name_shared(inner, schemas)
            _spell_out(inner)
    _rename(document, {name: _list_name(name) for name in schemas if name.startswith("Page_")})
    for schema in roots(document):
        for inner in inside(schema):
            _keys_by_pattern(inner)
            _tell_defaults(inner)
            _whole_bounds(inner)
            if "properties" not in inner:
                inner.pop("title", None)
    for name, schema in schemas.items():
        schema["title"] = name
        for each in schema.get("examples", ()):
            _restore_nulls(each, schema, schemas)
    document["components"]["schemas"] = dict(sorted(schemas.items()))


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Every operation with its path."""
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def roots(document: Json) -> Iterator[Json]:
    """The outermost schemas: the named ones, and those of parameters, bodies and answers."""
    yield from document["components"]["schemas"].values()
    for _, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            yield parameter["schema"]
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [answer.get("content", {}) for answer in operation["responses"].values()]
        for content in contents:
            yield from (each["schema"] for each in content.values())


def inside(schema: Json) -> Iterator[Json]:
    """The schema and every schema in it; names of properties are not mistaken for keywords."""
    yield schema
    below: list[Any] = [*schema.get("properties", {}).values()]
    below += [*schema.get("patternProperties", {}).values()]
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        below += schema.get(keyword, ())
    below += [schema.get(keyword) for keyword in ("items", "additionalProperties", LINES)]
    for each in below:
        if isinstance(each, dict):
            yield from inside(each)


def _name_bodies(operation: Json, schemas: dict[str, Json]) -> None:
    """Name what only a request body holds: the lines of bulk bodies, and unions.

    A union gets the name that `create_x` leads one to expect: `XCreate`.
    """
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        if "discriminator" in schema:
            verb, _, noun = operation["operationId"].partition("_")
            words = [*noun.split("_"), verb]
            schema["title"] = "".join(word.capitalize() for word in words)
            _name_union(schema, schemas)
        for inner in inside(schema):
            if "properties" in inner:
                _move(inner, inner["title"], schemas)


def _name_union(schema: Json, schemas: dict[str, Json]) -> None:
    if "discriminator" in schema and "title" in schema:
        _move(schema, schema["title"], schemas)


def _spell_out(schema: Json) -> None:
    if schema == reference("JsonValue"):
        schema.clear()
        schema.update(_json_value(3))


def _name_shared(schema: Json, schemas: dict[str, Json]) -> None:
    """Move what says its own name; what belongs to the field stays beside the reference."""
    if NAME in schema:
        kept = ("description", "title")
        of_field: Json = {each: schema.pop(each) for each in kept if each in schema}
        _move(schema, schema.pop(NAME), schemas)
        schema |= of_field


def _move(schema: Json, name: str, schemas: dict[str, Json]) -> None:
    """Make the schema a named one, and what stands in its place a reference to it."""
    if schemas.get(name, schema) != schema:
        message = f"two schemas are called {name}"
        raise ValueError(message)
    if schemas.get(name) is schema:
        return
    schemas[name] = dict(schema)
    schema.clear()
    schema |= reference(name)


def _list_name(name: str) -> str:
    """`Page_SurveySummary_` becomes `SurveyList`."""
    item = name.removeprefix("Page_").removesuffix("_")
    return item.removesuffix("Read").removesuffix("Summary") + "List"


def _rename(document: Json, names: dict[str, str]) -> None:
    schemas = document["components"]["schemas"]
    for old, new in names.items():
        if new in schemas:
            message = f"two schemas are called {new}"
            raise ValueError(message)
        schemas[new] = schemas.pop(old)

    def renamed(target: str) -> str:
        name = target.removeprefix(_REFERENCE)
        return _REFERENCE + names.get(name, name)

    for schema in roots(document):
        for inner in inside(schema):
            if "$ref" in inner:
                inner["$ref"] = renamed(inner["$ref"])


def _keys_by_pattern(schema: Json) -> None:
    """`patternProperties` says nothing to most generators; `additionalProperties` does."""
    patterns = schema.pop("patternProperties", None)
    if patterns is not None:
        [(pattern, values)] = patterns.items()
        schema["propertyNames"] = {"pattern": pattern}
        schema["additionalProperties"] = values


def _whole_bounds(schema: Json) -> None:
    """FastAPI makes floats of all bounds; those of integers are integers."""
    if schema.get("type") == "integer":
        for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            if keyword in schema:
                schema[keyword] = int(schema[keyword])


def _tell_defaults(schema: Json) -> None:
    """Say a default in words: generators of TypeScript take a field with one for required."""
    for field in schema.get("properties", {}).values():
        if "default" in field:
            default = json.dumps(field.pop("default"), ensure_ascii=False)
            told = f"`{default}` if absent."
            field["description"] = f"{field.get('description', '')} {told}".strip()


def _restore_nulls(value: object, schema: Json, schemas: dict[str, Json]) -> None:
    """FastAPI drops the nulls of examples, too; required fields show where they were."""
    for choice in (schema, *schema.get("anyOf", ())):
        described = schemas.get(choice.get("$ref", "").removeprefix(_REFERENCE), choice)
        if isinstance(value, dict) and "properties" in described:
            for name, inner in described["properties"].items():
                if name in value:
                    _restore_nulls(value[name], inner, schemas)
                elif name in described.get("required", ()):
                    value[name] = None


def without_null(schema: Json) -> Json:
    """The schema of an optional parameter: one that is left out is not null."""
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) == len(schema.get("anyOf", ())):
        return schema
    rest = {keyword: value for keyword, value in schema.items() if keyword != "anyOf"}
    return rest | (choices[0] if len(choices) == 1 else {"anyOf": choices})
