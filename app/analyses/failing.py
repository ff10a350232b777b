"""Why an analysis has no result."""

from collections.abc import Sequence

from app.analyses.run_schemas import FailureCode


class Impossible(Exception):
    """There is no sound answer: the code says why, `items` of what."""

    def __init__(self, code: FailureCode, items: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.code: FailureCode = code
        self.items = list(items)
