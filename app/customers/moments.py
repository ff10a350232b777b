"""When something was bought or paid back: an instant, or a local day that is taken as noon."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from app.errors import field_error
from app.fields import YEARS

#: Far from both ends of the day: no change of the zone's rules moves it to another day.
_NOON = time(12)


def moment(at: datetime | None, on: date | None, zone: ZoneInfo, *, of: str) -> datetime:
    """The instant: `at`, or noon of the day `on` in the workspace's zone. Exactly one is given.

    `of` is the name of the field ("ordered"), for the pointers of the errors: `missing-field`
    for none, `invalid-value` for both, `invalid-date` at the ends of the calendar.
    """
    if at is not None:
        if on is not None:
            raise field_error(f"/{of}_on", "invalid-value")
        return at
    if on is None:
        raise field_error(f"/{of}_at", "missing-field")
    try:
        instant = datetime.combine(on, _NOON, tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise field_error(f"/{of}_on", "invalid-date") from None
    if instant.year not in YEARS:
        raise field_error(f"/{of}_on", "invalid-date")
    return instant
