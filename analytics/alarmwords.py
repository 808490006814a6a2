"""What the states of alerts and the things that happen to them are called; GB/T 41261 (IEC 62682) has the Chinese."""

from collections.abc import Mapping
from typing import Final

from analytics.lifecycle import AlarmState, EventKind
from collector.park import Title

STATES: Final[Mapping[AlarmState, Title]] = {
    AlarmState.NORMAL: Title(en="normal", zh="正常"),
    AlarmState.UNACKNOWLEDGED: Title(en="unacknowledged", zh="未确认"),
    AlarmState.ACKNOWLEDGED: Title(en="acknowledged", zh="已确认"),
    AlarmState.RETURNED_UNACKNOWLEDGED: Title(en="returned, unacknowledged", zh="已恢复未确认"),
    AlarmState.LATCHED_UNACKNOWLEDGED: Title(en="latched, unacknowledged", zh="锁存未确认"),
    AlarmState.LATCHED_ACKNOWLEDGED: Title(en="latched, acknowledged", zh="锁存已确认"),
    AlarmState.SHELVED: Title(en="shelved", zh="已搁置"),
    AlarmState.SUPPRESSED: Title(en="suppressed", zh="按设计抑制"),
    AlarmState.OUT_OF_SERVICE: Title(en="out of service", zh="停用"),
}
"""States."""

EVENTS: Final[Mapping[EventKind, Title]] = {
    EventKind.RAISED: Title(en="raised", zh="产生"),
    EventKind.REPEATED: Title(en="again", zh="再次发生"),
    EventKind.WORSENED: Title(en="worse", zh="加重"),
    EventKind.RETURNED: Title(en="returned", zh="恢复"),
    EventKind.CLOSED: Title(en="closed", zh="关闭"),
    EventKind.ACKNOWLEDGED: Title(en="acknowledged", zh="确认"),
    EventKind.COMMENTED: Title(en="comment", zh="备注"),
    EventKind.SHELVED: Title(en="shelved", zh="搁置"),
    EventKind.UNSHELVED: Title(en="unshelved", zh="取消搁置"),
    EventKind.SUPPRESSED: Title(en="suppressed", zh="抑制"),
    EventKind.UNSUPPRESSED: Title(en="unsuppressed", zh="取消抑制"),
    EventKind.OUT_OF_SERVICE: Title(en="out of service", zh="停用"),
    EventKind.IN_SERVICE: Title(en="in service", zh="恢复使用"),
    EventKind.RESET: Title(en="reset", zh="复位"),
    EventKind.ESCALATED: Title(en="escalated", zh="升级通知"),
}
"""What happened."""
