"""`make bench`: measures everything and writes `benchmarks/results.json`."""

import json
import platform
from pathlib import Path

from benchmarks import bulk, customers, ingest, kpi, lifetime
from benchmarks.scenario import scenario

RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Measure each subject on a database of its own, print and keep the figures."""
    results: dict[str, object] = {
        "note": "Ratios of one run on one machine; absolute figures are of that machine alone.",
        "python": platform.python_version(),
    }
    for name, subject in (
        ("ingest", ingest),
        ("bulk", bulk),
        ("kpi", kpi),
        ("customers", customers),
        ("lifetime", lifetime),
    ):
        with scenario() as made:
            results[name] = subject.measure(made)
        print(name, json.dumps(results[name], indent=2))
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"written to {RESULTS.name}")


if __name__ == "__main__":
    main()
