"""Public holidays, as the package `holidays` knows them: for which countries, and on which days of a year.

What no table knows yet (the Chinese State Council names a year's holidays in the autumn before) is computed by the rule
of the holiday, or is no holiday; `closed`, `open` and `special` of a calendar say what the table cannot.
"""

from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final

_CODE: Final = 2
"""Letters of a country's code, as ISO 3166-1 alpha-2 writes it."""

_ENGLISH: Final = "en_US"


@lru_cache(maxsize=1)
def countries() -> Collection[str]:
    """Give the codes of the countries whose holidays are known."""
    from holidays import list_supported_countries

    return tuple(sorted(code for code in list_supported_countries(include_aliases=True) if len(code) == _CODE))


@lru_cache(maxsize=64)
def subdivisions(country: str) -> Collection[str]:
    """Give what `subdivision` may be in a country that is known: codes and names of its parts; none for many."""
    from holidays import country_holidays

    known = country_holidays(country)
    return (*known.subdivisions, *known.subdivisions_aliases)


@lru_cache(maxsize=1024)
def holidays_in(year: int, country: str, subdivision: str = "", language: str = _ENGLISH) -> Mapping[date, str]:
    """Give the names of the public holidays of a year by local day, with days off in place of those on a weekend.

    Args:
        year: which; of a year that nobody has decided on it gives what follows from rules, or nothing.
        country: ISO 3166-1 alpha-2 code.
        subdivision: part of the country; empty: what all of it has.
        language: of the names, such as `zh_CN`; where there are none in it they are English, or the country's own.

    Raises:
        ValueError: the country or its subdivision is not known.
    """
    from holidays import PUBLIC, country_holidays

    try:
        spoken = country_holidays(country).supported_languages
        said = next((one for one in (language, _ENGLISH) if one in spoken), None)
        found = country_holidays(country, subdivision or None, year, expand=False, language=said, categories=PUBLIC)
    except NotImplementedError as error:
        msg = f"no public holidays are known of {country} {subdivision}".rstrip()
        raise ValueError(msg) from error
    return MappingProxyType({day: name for day, name in found.items() if day.year == year})
