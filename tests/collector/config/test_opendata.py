"""`open_data:` of parkline.yaml: what is wrong in it is told where it stands."""

from pathlib import Path

import pytest

from collector.load import load
from tests.collector.config.files import told, write

LEAST = "{factories: 1, machines: 1}"
MAIN = """\
open_data:
  pseudonym_key: ${env:PARKLINE_PSEUDONYMS}
  views:
    city: { title: { en: City }, dataset: kpis, by: class, since: 2026-01-01, MORE }
"""
BANK = f"by: equipment, contract: with the bank, at_least: {LEAST}"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKLINE_PSEUDONYMS", "p" * 32)


def wrong(folder: Path, more: str, was: str = "by: class") -> list[str]:
    """Give what is told of a view that has `more` in place of `was`."""
    return told(folder, parkline=MAIN.replace(was, more).replace(", MORE", ""))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("by: klass", "4:53: `by`: `klass` is not known; did you mean `class`?"),
        ("by: class, kpis: [utilsation]", "4:67: `kpis`: `utilsation` is not known; did you mean `utilisation`?"),
        ("by: class, kpis: [idle_share]", "`idle_share` is no number of `kpis`; it has utilisation, availability"),
        ("by: class, kpis: [throughput_rate]", "`throughput_rate` means nothing above a single machine"),
        ("by: class, round: {oe: 0.1}", "`oe` is no number of `kpis`; it has utilisation, availability"),
        ("by: class, round: {oee: 0}", "is out of bounds; write greater than 0"),
        (
            "by: class, at_least: {factories: 2}",
            "below 3 factories, 5 machines or a rest of 0.2; raise it, or write in",
        ),
        ("by: class, at_least: {machines: 4}", "below 3 factories, 5 machines"),
        ("by: class, at_least: {rest: 0.1}", "below 3 factories, 5 machines"),
        ("by: class, delay: 1 d", "4:67: `delay`: it is shorter than `settled`; a period is told when its days are"),
        (
            "by: factory",
            "each row of `by: factory` is of one factory; write `at_least: {factories: 1, …}`, or `by: class`",
        ),
        ("by: equipment, contract: x, at_least: {factories: 1}", "a row of `by: equipment` is of one machine; write"),
        ("by: class, fields: [group]", "the key `fields` is not known here"),
        ("by: class, drop: [value]", "4:67: `drop`: `value` is not known; write `name`, `unit` or `coverage`"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(tmp_path: Path, more: str, says: str) -> None:
    (only,) = wrong(tmp_path / "c", more)
    assert only.startswith("parkline.yaml:4:")
    assert says in only


@pytest.mark.parametrize("since", ["0206-01-01", "9999-12-31"])
def test_a_first_day_is_of_these_centuries(tmp_path: Path, since: str) -> None:
    (only,) = told(tmp_path / "c", parkline=MAIN.replace("2026-01-01", since).replace(", MORE", ""))
    assert only.startswith("parkline.yaml:4:")
    assert "`since`" in only
    assert "is out of bounds" in only


def test_capacity_is_told_ahead_and_never_by_month(tmp_path: Path) -> None:
    (only,) = wrong(tmp_path / "a", "dataset: capacity, period: month", "dataset: kpis")
    assert "capacity is known for 7 days ahead; write `period: week` or `period: day`" in only
    (only,) = wrong(tmp_path / "b", "dataset: capacity, delay: 3 d", "dataset: kpis")
    assert "`delay`: capacity is told 7 d before the last day of its period; take the key out" in only


def test_pseudonyms_need_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = MAIN.replace("by: class", BANK).replace(", MORE", "")
    without = "\n".join(line for line in text.splitlines() if "pseudonym_key" not in line)
    (only,) = told(tmp_path / "none", parkline=without)
    assert only.startswith("parkline.yaml:3:53: `by`: `city` shows pseudonyms, and there is no key; write ")
    assert "`pseudonym_key: ${env:PARKLINE_PSEUDONYMS}` beside `views`, 32 bytes or more" in only
    monkeypatch.setenv("PARKLINE_PSEUDONYMS", "geheim-und-zu-kurz")
    (only,) = told(tmp_path / "short", parkline=text)
    assert only.startswith("parkline.yaml:2:18: `pseudonym_key`: ")
    assert "geheim" not in only
    (only,) = told(tmp_path / "open", parkline=text.replace("${env:PARKLINE_PSEUDONYMS}", "k" * 40))
    assert "a secret does not belong in this file; write ${env:NAME}" in only


def test_views_are_read_with_safe_defaults(tmp_path: Path) -> None:
    settings = load(write(tmp_path / "c", parkline=MAIN.replace(", MORE", ""))).installation.open_data
    city = settings.views["city"]
    assert (city.at_least.factories, city.at_least.machines, city.period) == (3, 5, "week")
    assert city.numbers == ("utilisation", "availability", "effectiveness", "quality_ratio", "oee")
    assert not city.pseudonymous
    assert "pppp" not in repr(settings)


def test_the_example_is_right_once_it_is_no_comment(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "configs" / "parkline.yaml").read_text(encoding="utf-8")
    example = "\n".join(line[2:] for line in text[text.index("# open_data:") :].splitlines())
    settings = load(write(tmp_path / "c", parkline=example)).installation.open_data
    assert list(settings.views) == ["city-utilisation", "bank"]
    assert settings.views["bank"].pseudonymous
