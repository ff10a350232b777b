"""Which cells a question is about: sums are kept by one trait of customers at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import TextClause

from app.db import prepared
from app.purchases.book import Book, Filters, kinds, trait
from app.purchases.contributions import Cell, Sums


@dataclass(frozen=True)
class OneTrait:
    """The cells of a trait."""

    name: str
    """'' for everybody."""
    members: tuple[str, ...] | None
    """Only these; None for all."""
    grouped: bool
    """Whether each member is a group of its own."""

    @property
    def of_members(self) -> dict[str, object]:
        """The parameters of a condition on members."""
        return {} if self.members is None else {"members": list(self.members)}

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of a statement on cells."""
        return {"dimension": self.name, **self.of_members}

    def on_cells(self, statement: str) -> TextClause:
        """A statement on cells `c`, with `{member}` for the group and `{condition}`."""
        return self._on(statement, "member")

    def on_customers(self, statement: str) -> TextClause:
        """The same on rows `c` with a column for each trait."""
        return self._on(statement, trait(self.name) if self.name else "")

    def _on(self, statement: str, column: str) -> TextClause:
        among = "true" if self.members is None else f"c.{column} = ANY(CAST(:members AS text[]))"
        return prepared(
            statement.format(member=f"c.{column}" if self.grouped else "''", condition=among)
        )

    def corrections(self, book: Book, *measures: str) -> Iterator[tuple[str, Cell, Sums]]:
        """What is to be added to the cells to make them exact, each with its group."""
        for cell, sums in book.corrections.items():
            asked = cell.measure in measures and cell.dimension == self.name
            if asked and (self.members is None or cell.member in self.members):
                yield cell.member if self.grouped else "", cell, sums


def one_trait(by: str | None, filters: Filters) -> OneTrait | None:
    """What groups and filters ask about; None for several traits at once."""
    traits = {*filters, *kinds(by)}
    if len(traits) > 1:
        return None
    name = next(iter(traits), "")
    return OneTrait(name, filters.get(name), bool(by))
