"""Posts what a call centre hears: survey results of calls, and the complaints made in them.

    export FEEDBACK_URL=... FEEDBACK_KEY=... FEEDBACK_SURVEY=...
    python call_centre.py post       calls.ndjson    one request for each call, as it ends
    python call_centre.py nightly    calls.ndjson    the whole day again, in one stream
    python call_centre.py complaints calls.ndjson    a case for each call that was a complaint

The number of the call is the id of everything that comes of it, so each of these may be run
again, after a failure or for safety: what has arrived already changes nothing.
"""

# ruff: noqa: INP001 - an example stands alone

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

Call = dict[str, Any]
TRIES = 8
LONGEST_PAUSE_SECONDS = 300.0


def response_of(call: Call) -> dict[str, Any]:
    """What our call system exports, as the survey `service-call-back` asks for it."""
    answers = {
        "resolved": call["resolved"] == "Y",
        "satisfaction": call["satisfaction"],
        "effort": call["effort"],
        "recommend": call["recommend"],
        "comment": call["remark"] or None,
    }
    return {
        # What was not answered is left out: null is no answer.
        "answers": {key: answer for key, answer in answers.items() if answer is not None},
        "channel": "phone",
        "method": "call_back",
        "language": "zh-CN",
        "customer": call["customer"],
        "occurred_at": call["ended_at"],
        "duration_seconds": call["seconds"],
        "hidden_fields": {"agent": call["agent"], "case": call["call_id"]},
    }


def complaint_of(call: Call) -> dict[str, Any]:
    """The case that a call began; the two last fields make it one case, however often sent."""
    return {
        "kind": "complaint",
        "channel": "phone",
        "description": call["complaint"],
        "customer": call["customer"],
        "received_at": call["ended_at"],
        "source_system": "pbx",
        "external_id": call["call_id"],
    }


def send(client: httpx.Client, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401
    """Send until there is an answer that time will not change; the same request every time."""
    for attempt in range(TRIES):
        wait = 0.0
        try:
            answer = client.request(method, path, **content)
            if not is_passing(answer):
                return answer
            wait = float(answer.headers.get("Retry-After", 0))
        except httpx.TransportError as error:
            sys.stderr.write(f"{type(error).__name__}: trying again\n")
        jitter = random.uniform(0, min(LONGEST_PAUSE_SECONDS, 2.0**attempt))  # noqa: S311
        time.sleep(max(wait, jitter))
    message = f"{method} {path}: no answer after {TRIES} tries; run it again later"
    raise SystemExit(message)


def is_passing(answer: httpx.Response) -> bool:
    """Whether the same request may succeed later."""
    if answer.status_code == httpx.codes.CONFLICT:
        return bool(answer.json()["code"] == "idempotency-in-progress")
    return answer.status_code >= 500 or answer.status_code in {408, 425, 429}


def outcome(answer: httpx.Response) -> str:
    """What became of a request, in a word; the code of the problem if it was refused."""
    if answer.is_error:
        return str(answer.json()["code"])
    replayed = answer.headers.get("Idempotent-Replayed") == "true"
    return "unchanged" if replayed or answer.status_code == httpx.codes.OK else "created"


def post(client: httpx.Client, survey: str, calls: list[Call]) -> None:
    """Each call by itself: the number of the call stands in the address."""
    for call in calls:
        path = f"/v1/surveys/{survey}/responses/{call['call_id']}"
        report(call["call_id"], outcome(send(client, "PUT", path, json=response_of(call))))


def nightly(client: httpx.Client, survey: str, calls: list[Call]) -> None:
    """All calls of the day in one body; the answer has an outcome for every line."""

    def lines() -> Iterator[str]:
        for call in calls:
            line = {"submission_id": call["call_id"], **response_of(call)}
            yield json.dumps(line, ensure_ascii=False)

    answer = send(
        client,
        "POST",
        f"/v1/surveys/{survey}/responses",
        content="\n".join(lines()).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    answer.raise_for_status()
    for line in answer.json()["outcomes"]:
        reasons = [f"{each['pointer']} {each['code']}" for each in line["errors"]]
        report(line["key"], line["status"], *reasons)


def complaints(client: httpx.Client, survey: str, calls: list[Call]) -> None:
    """A case for each call that was a complaint."""
    del survey
    for call in calls:
        if call["complaint"]:
            report(
                call["call_id"],
                outcome(send(client, "POST", "/v1/complaints", json=complaint_of(call))),
            )


counted: Counter[str] = Counter()


def report(call_id: str, status: str, *reasons: str) -> None:
    """Say what became of a call."""
    counted[status] += 1
    sys.stdout.write(" ".join([call_id, status, *reasons]) + "\n")


def main() -> None:
    """Run the command that the arguments name; end with 1 if anything was refused."""
    commands = {"post": post, "nightly": nightly, "complaints": complaints}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        raise SystemExit(__doc__)
    text = Path(sys.argv[2]).read_text(encoding="utf-8")
    calls = [json.loads(line) for line in text.splitlines() if line.strip()]
    with httpx.Client(
        base_url=os.environ["FEEDBACK_URL"],
        headers={"Authorization": f"Bearer {os.environ['FEEDBACK_KEY']}"},
        timeout=30,
    ) as client:
        commands[sys.argv[1]](client, os.environ["FEEDBACK_SURVEY"], calls)
    raise SystemExit(0 if counted.keys() <= {"created", "unchanged"} else 1)


if __name__ == "__main__":
    main()
