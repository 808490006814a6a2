"""A channel that is mended: what it refused is sent again, as far as it still concerns anybody.

While a channel refuses, people may have been told elsewhere, or nowhere. Once it takes a notice again, the newest
notice of each alert that lasts and that nobody acknowledged is sent again, with the same id, and so is a summary that
tells such an alert. Each comes again once: what is refused then, too, was refused for what it says, and would go on so.
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
    refused = sa.and_(
        NOTIFICATIONS.c.channel == channel,
        NOTIFICATIONS.c.fate == Fate.REFUSED.value,
        NOTIFICATIONS.c.tried >= before.failing,
        NOTIFICATIONS.c.answer == "",
        NOTIFICATIONS.c.kind.in_([*RAISING, SUMMARY]),
    )
    rows = connection.execute(sa.select(NOTIFICATIONS).where(refused).order_by(NOTIFICATIONS.c.number)).all()
    newest: dict[str, Notification] = {}
    for row in rows:
        one = notification_of(row)
        newest[one.alert or one.id] = one
    again = [one for one in newest.values() if _concerns(connection, one)]
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
