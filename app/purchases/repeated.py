"""Who bought on two days of a period or more."""

from collections.abc import Iterator, Mapping, Sequence

from app.purchases.book import Book, Days
from app.purchases.spans import NOBODY, Buyers
from app.purchases.stored_sets import Name, unions


async def bought_twice(book: Book, asked: Sequence[Days]) -> list[Buyers]:
    """For each question those with purchases on one of the days, and on two or more."""
    stood = [book.standing.by_day(*days) for days in asked]
    names = [
        [Name(kind, "", *span)]
        for days in asked
        for span in days.spans
        for kind in ("bought", "twice")
    ]
    own_days = [[Name("bought", "", 0, day)] for by_day in stood for day in by_day]
    stored = iter(await unions(book.session, book.workspace_id, names + own_days))
    kept = [_of_spans(stored, len(days.spans)) for days in asked]
    found = []
    for days, buyers, by_day in zip(asked, kept, stood, strict=True):
        once, twice = _with_standing(buyers, by_day, {day: next(stored) for day in by_day})
        counts = [len(one.history.bought(*days)) for one in book.by_hand]
        own = Buyers(*(book.hands([n >= least for n in counts]) for least in (1, 2)))
        found.append(Buyers(book.kept(once) | own.once, book.kept(twice) | own.twice))
    return found


def _of_spans(stored: Iterator[int], spans: int) -> Buyers:
    buyers = NOBODY
    for _ in range(spans):
        buyers = buyers.and_then(Buyers(next(stored), next(stored)))
    return buyers


def _with_standing(kept: Buyers, stood: Mapping[int, int], bought: Mapping[int, int]) -> Buyers:
    """With orders that stood then and are not kept: by day, beside who else bought on that day."""
    once, twice, so_far = kept.once, kept.twice, 0
    for day, customers in stood.items():
        # Whoever bought on another day, or has an order on another day that stood.
        elsewhere = kept.twice | (kept.once ^ (kept.once & bought[day])) | so_far
        twice |= customers & elsewhere
        so_far |= customers
    return Buyers(once | so_far, twice)
