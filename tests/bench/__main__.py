"""Benchmarks: `python -m tests.bench [NAME …]`, all of them without a name.

A benchmark is a module with `measure() -> dict[str, object]`, and a line in `BENCHMARKS`. Progress goes to stderr;
on stdout each ends in one JSON line with at least

    name        as below
    value       what was measured, in `unit`
    reference   what it is compared with, measured beside it
    ratio       how many times better than the reference: larger is better
    unit        of `value` and `reference`
"""

import sys
from importlib import import_module
from typing import Final

import orjson

BENCHMARKS: Final[dict[str, str]] = {
    "spool": "tests.bench.spool",
    "influx-e2e": "tests.bench.influx_e2e",
    "lake-e2e": "tests.bench.lake_e2e",
    "encode": "tests.bench.encode",
    "mazak01": "tests.bench.mazak01",
    "kpi-month": "tests.bench.kpi_month",
    "kpi-late": "tests.bench.kpi_late",
    "kpi-dask": "tests.bench.kpi_dask",
    "e2e-mqtt": "tests.bench.e2e_mqtt",
    "e2e-opcua": "tests.bench.e2e_opcua",
    "faults": "tests.bench.faults",
    "quiet": "tests.bench.quiet",
    "skab-valve1": "tests.bench.skab_valve1",
    "tep": "tests.bench.tep",
    "ims-test1": "tests.bench.ims_test1",
    "mazak-conditions": "tests.bench.mazak_conditions",
    "alert-latency": "tests.bench.alert_latency",
    "api-kpis": "tests.bench.api_kpis",
    "api-samples": "tests.bench.api_samples",
    "api-export": "tests.bench.api_export",
}
"""Name to module, in the order in which all of them run."""


def main(names: list[str]) -> int:
    """Measure; 0 when all were measured, 2 for a name that is not there."""
    strangers = [name for name in names if name not in BENCHMARKS]
    if strangers:
        print(f"no benchmark {', '.join(strangers)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        measured = import_module(BENCHMARKS[name]).measure()
        print(orjson.dumps({"name": name, **measured}).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
