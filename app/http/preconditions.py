"""ETag and If-Match: nobody overwrites an edit that they have not seen."""

from typing import Annotated

from fastapi import Header

from app.errors import Problem

IfMatch = Annotated[
    str | None,
    Header(description="The ETag that you read; 412 if the thing has changed since."),
]


def etag(revision: int) -> str:
    """The entity tag of a revision number."""
    return f'"{revision}"'


def require_match(if_match: str | None, revision: int) -> None:
    """Raise 412 `precondition-failed` unless the header is absent, `*`, or names `revision`."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag(revision) not in [tag.strip() for tag in if_match.split(",")]:
        raise Problem("precondition-failed")
