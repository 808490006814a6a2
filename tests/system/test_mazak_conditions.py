"""Every condition of three years of a real machine tool: no alarm is lost, none doubled."""

from tests.bench.mazak_conditions import detect, doubled, naive, read


def test_no_alarm_is_lost_and_none_doubled() -> None:
    reports = read()
    found, unread = detect(reports)
    assert len(reports) == 140_876
    assert found == naive(reports)
    assert len(found) == 5_719
    assert (doubled(found), unread) == (0, 0)
