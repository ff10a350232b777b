"""The period that an answer covers, and whether what it rests on has changed since."""

from datetime import date

from pydantic import ConfigDict, Field

from app.fields import Output, Timestamp


class PeriodRead(Output):
    """Local dates, from the first up to but not including the last, in an IANA time zone."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    start: date = Field(alias="from")
    end: date = Field(alias="to")
    tz: str
    complete: bool
    """Whether it ended `late_days` of the workspace ago (none unless set); a point of a trend must
    be a whole unit of the calendar, too."""


class KpiPeriod(PeriodRead):
    """The period of a figure, and when what the figure rests on last changed after it."""

    restated_at: Timestamp | None
    """When anything that the figure may rest on last came in, was changed or taken back after the
    period had ended and the workspace's `late_days` had passed; null if nothing was.

    Of a survey KPI that is: responses (to the surveys that were asked about) that occurred in the
    period. Of customer KPIs: orders and refunds of any day before its end, because they rest on
    who bought before; with refund_basis=original_order refunds of these orders, too. Of the
    complaint rate: cases and orders of the period. Of KPIs of the market also leads of the period,
    and what is stated of any of its days.

    It speaks of these days, not of filters: a figure may be restated by what it leaves out. Traits
    of customers, and category and severity of cases, are read as they are now: when these change,
    nothing is restated. Nor is a figure that is still to ripen after its period (leads that are
    won later, payback, complaints that come later about orders of the period)."""
