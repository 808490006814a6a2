"""Fault proofs: `python -m tests.prove [NAME …] [--rounds N]`, all of them without a name.

A proof is a module with `prove(rounds: int | None) -> dict[str, object]` (None: as many rounds as it sees fit), and
a line in `PROOFS`. Progress goes to stderr; on stdout each ends in one JSON line with at least

    name      as below
    sent      samples that their sender was told are safe, or knows it has sent
    stored    different ones of them found in the store afterwards
    lost      how many are missing without anybody having been told
    doubled   how many are there more than once
    gap_covered   how many are missing in a gap that the ledger tells of

and, where something else did not hold, `failed`: a list of it in words. One that lost or doubled anything, or failed,
fails. What proofs share is in `scene`, `installation` and the two loads. `tenant-matrix` sends nothing; it has `holes`
in the place of these, how many answers showed what they must not; `schemathesis` has `failures`, how many answers are
not as they are described.
"""

import argparse
import sys
from importlib import import_module
from typing import Final

import orjson

PROOFS: Final[dict[str, str]] = {
    "kill9-collector": "tests.prove.kill9_collector",
    "kill9-broker": "tests.prove.kill9_broker",
    "kill9-store": "tests.prove.kill9_store",
    "store-down": "tests.prove.store_down",
    "store-errors": "tests.prove.store_errors",
    "store-slow": "tests.prove.store_slow",
    "disk-full": "tests.prove.disk_full",
    "torn-spool": "tests.prove.torn_spool",
    "net-cut": "tests.prove.net_cut",
    "clock-step": "tests.prove.clock_step",
    "overload": "tests.prove.overload",
    "sigterm": "tests.prove.sigterm",
    "broker-restart": "tests.prove.broker_restart",
    "two-collectors": "tests.prove.two_collectors",
    "source-lost": "tests.prove.source_lost",
    "kill9-notify": "tests.prove.kill9_notify",
    "tenant-matrix": "tests.prove.tenant_matrix",
    "idle-streams": "tests.prove.idle_streams",
    "schemathesis": "tests.prove.schemathesis",
}
"""Name to module, in the order in which all of them run."""


def main() -> int:
    """Prove; 0 when everything held, 1 when something was lost or doubled, or failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(PROOFS)}; all without a name")
    parser.add_argument("--rounds", type=int, help="how many faults each proof makes; of idle-streams: clients")
    asked = parser.parse_args()
    for name in asked.names:
        if name not in PROOFS:
            parser.error(f"no proof {name}; there are {', '.join(PROOFS)}")
    held = True
    for name in asked.names or PROOFS:
        proved = import_module(PROOFS[name]).prove(asked.rounds)
        print(orjson.dumps({"name": name, **proved}).decode(), flush=True)
        whole = not any(proved.get(what) for what in ("lost", "doubled", "holes", "failures", "failed"))
        held = held and whole
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
