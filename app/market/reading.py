"""From rows to what readers see of them."""

from decimal import Decimal

from app.market.models import MarketTotal
from app.market.schemas import CompetitorRead, MarketTotalRead


def total_read(total: MarketTotal) -> MarketTotalRead:
    """A total with its competitors, largest first."""
    names = MarketTotalRead.model_fields.keys() - {"competitors"}
    found = {name: Decimal(amount) for name, amount in total.competitors.items()}
    ranked = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    competitors = [CompetitorRead(name=name, amount=amount) for name, amount in ranked]
    values = {name: getattr(total, name) for name in names}
    return MarketTotalRead.model_validate(values | {"competitors": competitors})
