"""`make bench`: measures everything and writes `benchmarks/results.json`.

`make bench ARGS="ingest bulk"` measures these subjects anew and keeps the figures of the others.
"""

import json
import platform
import sys
from pathlib import Path

from benchmarks import bulk, customers, ingest, kpi, lifetime
from benchmarks.scenario import scenario

RESULTS = Path(__file__).with_name("results.json")


SUBJECTS = {
    "ingest": ingest,
    "bulk": bulk,
    "kpi": kpi,
    "customers": customers,
    "lifetime": lifetime,
}


def main() -> None:
    """Measure each subject on a database of its own, print and keep the figures."""
    chosen = sys.argv[1:] or list(SUBJECTS)
    if unknown := set(chosen) - set(SUBJECTS):
        sys.exit(f"no such subject: {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    kept: dict[str, object] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results: dict[str, object] = {
        "note": "Ratios of one run on one machine; absolute figures are of that machine alone.",
        "python": platform.python_version(),
    }
    results |= {name: kept[name] for name in SUBJECTS if name in kept and name not in chosen}
    for name in chosen:
        with scenario() as made:
            results[name] = SUBJECTS[name].measure(made)
        print(name, json.dumps(results[name], indent=2))
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"written to {RESULTS.name}")


if __name__ == "__main__":
    main()
