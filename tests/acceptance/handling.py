"""Handles a sample of the complaints as their rows say that the companies did."""

from collections import Counter
from dataclasses import dataclass

from tests.acceptance.bodies import Json
from tests.acceptance.loads import Loaded
from tests.acceptance.sources import CfpbRow, at, cfpb_rows

SAMPLED = 4
"""Cases of each combination of the company's response and the consumer's reaction."""
OUTCOMES = {
    "Closed with monetary relief": "upheld",
    "Closed with non-monetary relief": "partially_upheld",
    "Closed with explanation": "not_upheld",
    "Closed": "not_upheld",
}
"""The company's response as a decision; other responses are none."""


@dataclass(frozen=True)
class Handled:
    """A case of the sample: its row, and what became of it."""

    row: CfpbRow
    case: str
    refused: list[str]
    """Events that the service refused."""


def decision(row: CfpbRow) -> str | None:
    """The outcome that the row speaks of."""
    return OUTCOMES.get(row.cells["Company response to consumer"])


def final_state(row: CfpbRow) -> str:
    """Where the case must end: disputed ones are open again, undecided ones still are."""
    if decision(row) is None:
        return "in_progress"
    reaction = row.cells["Consumer disputed?"]
    return {"No": "closed", "Yes": "in_progress", "": "response_issued"}[reaction]


def sample() -> list[tuple[int, CfpbRow]]:
    """The first rows of each combination, and all that were sent before they were received."""
    taken: Counter[tuple[str, str]] = Counter()
    found = []
    for number, row in enumerate(cfpb_rows()):
        kind = (row.cells["Company response to consumer"], row.cells["Consumer disputed?"])
        taken[kind] += 1
        if taken[kind] <= SAMPLED or row.sent < row.received:
            found.append((number, row))
    return found


def _events(row: CfpbRow) -> list[Json]:
    """What happened, in order; the file dates only the first event."""
    outcome = decision(row)
    events: list[Json] = [
        {"event": "acknowledge", "occurred_at": at(row.sent, 21)},
        {"event": "accept", "assignee": "company"},
    ]
    if outcome is None:
        return events
    said = row.cells["Company response to consumer"]
    answer: Json = {"event": "issue_response", "outcome": outcome, "text": said}
    answer |= {"recourse": "Dispute the answer.", "reason": said}
    if outcome != "not_upheld":
        answer["remedy"] = said
    events.append(answer)
    reaction = row.cells["Consumer disputed?"]
    if reaction == "Yes":
        events.append({"event": "reject_response", "reason": "disputed"})
    elif reaction == "No":
        events.append({"event": "accept_response", "evidence": "not disputed"})
        if "remedy" in answer:
            events.append({"event": "deliver_remedy"})
        events.append({"event": "close", "role": "supervisor"})
    return events


async def handle_sample(loaded: Loaded) -> list[Handled]:
    """Cause the events of every case of the sample."""
    return [
        Handled(row, case, await _handle(loaded, case, row))
        for number, row in sample()
        for case in [str(loaded.receipts[number][1]["id"])]
    ]


async def _handle(loaded: Loaded, case: str, row: CfpbRow) -> list[str]:
    refused = []
    for event in _events(row):
        answer = await loaded.tenant.client.post(f"/v1/complaints/{case}/events", json=event)
        if answer.status_code == 422 and row.sent < row.received:
            problem = answer.json()["errors"][0]
            refused.append(f"{event['event']} {problem['pointer']} {problem['code']}")
            continue
        assert answer.status_code == 200, answer.text
    return refused
