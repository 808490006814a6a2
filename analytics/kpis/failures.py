"""Failures: how long a machine runs between them, and how long it stands for each.

    mtbf    operating time / failures     APT + AUST                              seconds per failure
    mttf    up time / failures            APT + AUST + micro-stops + idle time
    mttr    down time / failures          unplanned stops

After IEC 60050-192: mean operating time between failures (192-05-13), mean time to restoration (192-07-23), and for
MTTF the up time from a restoration to the next failure, in which the machine could have produced, asked to or not.
A failure is an unplanned stop that is no micro-stop and began in planned time of the window. A window without one has
no mean: all three are null, however long it ran. So they are to be read over days and weeks; over an hour that begins
within a stop they say little, since a stop's time lies in the windows through which it lasts and its failure in the
one where it began.

ISO 22400-2 divides the sums of the times between, to and of repair of failures by their number plus one (FE + 1), which
gives a number also without failures, and counts the repair into the time between failures. Above a machine the times
and the failures of all machines are summed: the mean of a failure, not of a line that stops as a whole.
"""

from typing import Final

from analytics.kpis.contract import Kpi
from analytics.kpis.elements import AUPT, Element, column, columns, ratio
from collector.park import Title

_FAILURES: Final = column("failure_count")
_UP: Final = AUPT + column("micro_stop_time") + column("idle_time")
_DOWN: Final = column("unplanned_stop_time")


def _mean(slug: str, source: str, formula: str, part: Element, *, en: str, zh: str) -> Kpi:
    return Kpi(
        slug=slug,
        unit="s",
        source=source,
        title=Title(en=en, zh=zh),
        value=ratio(part, _FAILURES),
        kind="rate",
        formula=formula,
        inputs=columns(part, _FAILURES),
    )


FAILURE_KPIS: Final = (
    _mean(
        "mtbf",
        "IEC 60050-192 192-05-13 mean operating time between failures; ISO 22400-2 divides by failures + 1",
        "AUPT / failures",
        AUPT,
        en="Mean time between failures",
        zh="平均故障间隔时间 MTBF",
    ),
    _mean(
        "mttf",
        "ISO 22400-2 mean time to failure, as up time per failure; the standard divides by failures + 1",
        "up time / failures",
        _UP,
        en="Mean time to failure",
        zh="平均失效前时间 MTTF",
    ),
    _mean(
        "mttr",
        "IEC 60050-192 192-07-23 mean time to restoration; ISO 22400-2 divides by failures + 1",
        "unplanned stops / failures",
        _DOWN,
        en="Mean time to restoration",
        zh="平均修复时间 MTTR",
    ),
)
"""The three of them."""
