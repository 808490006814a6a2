"""A channel that is mended: what it refused is sent again, as far as it still concerns anybody.

While a channel refuses, people may have been told elsewhere, or nowhere. Once it takes a notice again, what it refused
of each alert that lasts and that nobody acknowledged is sent again, with the same id, unless something newer says so on
the channel; and so is a summary that tells such an alert. Each comes again once (until then, what the receiver said
before stands as its answer): what is refused then, too, was refused for what it says, and would go on so.
"""

from datetime import datetime

import sqlalchemy as sa

from analytics import alertlog
from analytics.alarmstates import PRESSING
from analytics.channelhealth import works
from analytics.notification import RAISING, SUMMARY, Fate, Notification
from analytics.outboxtables import NOTIFICATIONS, notification_of
from analytics.routing import Rules


def mended(connection: sa.Connection, rules: Rules, channel: str, now: datetime) -> int:
    """Note that a channel works; give how many notices are sent again, as they were refused until now.

    Args:
        connection: a transaction of the records.
        rules: routes and channels.
        channel: name of the channel.
        now: the present, UTC.
    """
    before = works(connection, rules, channel, now)
    if before.failing is None or before.how != "refused":
        return 0
    newer = NOTIFICATIONS.alias()
    outrun = sa.exists().where(
        newer.c.channel == channel,
        newer.c.alert == NOTIFICATIONS.c.alert,
        newer.c.alert != "",
        newer.c.number > NOTIFICATIONS.c.number,
        newer.c.kind.in_(RAISING),
        newer.c.fate != Fate.UNTOLD.value,
    )
    refused = sa.select(NOTIFICATIONS).where(
        NOTIFICATIONS.c.channel == channel,
        NOTIFICATIONS.c.fate == Fate.REFUSED.value,
        NOTIFICATIONS.c.answer == "",
        NOTIFICATIONS.c.kind.in_([*RAISING, SUMMARY]),
        ~outrun,
    )
    rows = connection.execute(refused.order_by(NOTIFICATIONS.c.number)).all()
    again = [one for one in map(notification_of, rows) if _concerns(connection, one)]
    for one in again:
        connection.execute(
            sa.update(NOTIFICATIONS)
            .where(NOTIFICATIONS.c.id == one.id)
            .values(fate=Fate.WAITING.value, since=now, due=now, answer=NOTIFICATIONS.c.error, error="")
        )
    return len(again)


def _concerns(connection: sa.Connection, one: Notification) -> bool:
    """Tell whether an alert of which a notice tells lasts, and nobody acknowledged it."""
    told = {one.alert}
    if one.kind == SUMMARY:
        within = sa.select(NOTIFICATIONS.c.alert).where(NOTIFICATIONS.c.into == one.id)
        told = set(connection.execute(within).scalars())
    standings = (alertlog.read_standing(connection, alert) for alert in sorted(told) if alert)
    return any(standing is not None and standing.state in PRESSING for standing in standings)
