"""Public holidays: which countries have them, in which words, whatever the machine's own language."""

from datetime import date

import pytest

from collector.publicholidays import countries, holidays_in, subdivisions

NEW_YEAR = date(2026, 1, 1)


def test_countries_have_codes_of_two_letters() -> None:
    assert {"CN", "DE", "US"} <= set(countries())
    assert {len(code) for code in countries()} == {2}


def test_parts_of_a_country_have_codes_and_names() -> None:
    assert {"BY", "Bayern"} <= set(subdivisions("DE"))
    assert not subdivisions("CN")


@pytest.mark.parametrize("spoken", ["de_DE.UTF-8", "zh_CN.UTF-8", "C"])
def test_names_do_not_depend_on_the_machine_s_language(monkeypatch: pytest.MonkeyPatch, spoken: str) -> None:
    monkeypatch.setenv("LANGUAGE", spoken)
    holidays_in.cache_clear()
    assert holidays_in(2026, "CN")[NEW_YEAR] == "New Year's Day"
    assert holidays_in(2026, "CN", language="zh_CN")[NEW_YEAR] == "元旦"
    assert holidays_in(2026, "DE", language="zh_CN")[NEW_YEAR] == "New Year's Day"


def test_days_off_in_place_of_holidays_on_a_weekend_count() -> None:
    assert date(2021, 12, 31) in holidays_in(2021, "US")
    assert date(2026, 10, 5) in holidays_in(2026, "CN")
    assert date(2026, 10, 4) not in holidays_in(2026, "CN")


@pytest.mark.parametrize("year", [1, 1700, 2027, 9999])
@pytest.mark.parametrize("country", ["CN", "DE", "IN", "US", "SA"])
def test_no_year_fails(country: str, year: int) -> None:
    assert all(day.year == year for day in holidays_in(year, country))


@pytest.mark.parametrize(("country", "subdivision"), [("XX", ""), ("DE", "XX"), ("CN", "BJ")])
def test_what_is_not_known_is_an_error(country: str, subdivision: str) -> None:
    with pytest.raises(ValueError, match=f"no public holidays are known of {country} ?{subdivision}"):
        holidays_in(2026, country, subdivision)
