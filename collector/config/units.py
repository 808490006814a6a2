"""Units as UCUM writes them (ucum.org, case-sensitive), as far as factories need them.

    unit      component, then `.` or `/` and another, …: `kW.h`, `m/s2`, `l/min`, `1/min`
    component a number, or an atom with a prefix where it takes one and an exponent: `mm`, `m3`, `s-1`
    {text}    anything that is counted, alone or after an atom: `{pcs}`, `{strokes}/min`

What UCUM lacks is written in braces. `r` (revolution) is known beside UCUM's own, since `r/min` is what IEC 60050
and every data sheet writes, and `var` for reactive power.
"""

import re
from difflib import get_close_matches
from functools import cache
from typing import Final

_PREFIXES: Final = ("", "da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f")

_METRIC: Final = frozenset(
    ["m", "g", "s", "A", "K", "mol", "cd", "rad", "sr", "Hz", "N", "Pa", "J", "W", "V", "F", "Ohm", "S", "Wb",
     "T", "H", "Cel", "lm", "lx", "Bq", "Gy", "Sv", "kat", "l", "L", "t", "bar", "eV", "cal", "B", "var", "gf",
     "m[H2O]", "m[Hg]"]
)  # fmt: skip
"""Atoms that take a prefix."""

_PLAIN: Final = frozenset(
    ["min", "h", "d", "wk", "mo", "a", "deg", "gon", "'", "''", "%", "[ppth]", "[ppm]", "[ppb]", "[pH]", "r",
     "circ", "ar", "u", "atm", "[g]", "[in_i]", "[ft_i]", "[yd_i]", "[mi_i]", "[lb_av]", "[oz_av]", "[lbf_av]",
     "[psi]", "[gal_us]", "[degF]", "[HP]", "[Btu]"]
)  # fmt: skip
"""Atoms that take none."""

_ATOM: Final = re.compile(r"(?P<atom>(?:[^\d./{}()\s\[\]+-]|\[[^\]\s]*\])+)(?P<exponent>[+-]?\d+)?(?:\{[^{}\s]*\})?")
_NUMBER: Final = re.compile(r"\d+(?:\{[^{}\s]*\})?|\{[^{}\s]+\}|10[*^][+-]?\d+")

_MEANT: Final = {
    "°C": "Cel", "℃": "Cel", "degC": "Cel", "celsius": "Cel", "摄氏度": "Cel", "度C": "Cel",
    "°F": "[degF]", "℉": "[degF]", "degF": "[degF]", "kelvin": "K",
    "°": "deg", "degree": "deg", "degrees": "deg",
    "rpm": "r/min", "RPM": "r/min", "U/min": "r/min", "rev/min": "r/min", "转/分": "r/min", "rps": "r/s", "rev": "r",
    "kWh": "kW.h", "KWH": "kW.h", "kwh": "kW.h", "Wh": "W.h", "MWh": "MW.h", "GWh": "GW.h", "千瓦时": "kW.h",
    "Ah": "A.h", "mAh": "mA.h", "VA": "V.A", "kVA": "kV.A", "kVAr": "kvar", "VAr": "var", "kvarh": "kvar.h",
    "千瓦": "kW", "瓦": "W", "KW": "kW", "kw": "kW", "hp": "[HP]", "HP": "[HP]",
    "Nm": "N.m", "kNm": "kN.m", "Ncm": "N.cm",
    "kmh": "km/h", "kph": "km/h", "mph": "[mi_i]/h", "mps": "m/s", "m/sec": "m/s", "lpm": "l/min", "LPM": "L/min",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "秒": "s", "msec": "ms", "毫秒": "ms",
    "minute": "min", "minutes": "min", "mins": "min", "分": "min", "分钟": "min",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "小时": "h", "day": "d", "days": "d", "天": "d",
    "percent": "%", "pct": "%", "％": "%", "‰": "[ppth]", "ppm": "[ppm]", "ppb": "[ppb]", "pH": "[pH]",
    "psi": "[psi]", "PSI": "[psi]", "Bar": "bar", "BAR": "bar", "mBar": "mbar", "hpa": "hPa", "kpa": "kPa",
    "Mpa": "MPa", "mpa": "MPa", "兆帕": "MPa", "帕": "Pa", "千帕": "kPa",
    "inch": "[in_i]", "in": "[in_i]", "ft": "[ft_i]", "lb": "[lb_av]", "lbs": "[lb_av]", "gal": "[gal_us]",
    "米": "m", "毫米": "mm", "厘米": "cm", "微米": "um", "micron": "um", "吨": "t", "千克": "kg", "公斤": "kg",
    "克": "g",
    "升": "l", "liter": "l", "litre": "l", "cbm": "m3", "Nm3/h": "m3{normal}/h", "Nm3": "m3{normal}",
    "hz": "Hz", "HZ": "Hz", "khz": "kHz", "KHz": "kHz", "赫兹": "Hz",
    "ohm": "Ohm", "\u2126": "Ohm", "\u03a9": "Ohm", "k\u2126": "kOhm", "k\u03a9": "kOhm",
    "volt": "V", "volts": "V", "伏": "V", "amp": "A", "amps": "A", "安": "A", "mv": "mV", "ma": "mA",
    "pcs": "{pcs}", "pc": "{pcs}", "pieces": "{pcs}", "parts": "{pcs}", "件": "{pcs}", "个": "{pcs}", "次": "{times}",
    "none": "1", "-": "1", "--": "1", "bool": "1", "cycles": "{cycles}", "strokes": "{strokes}", "spm": "{strokes}/min",
}  # fmt: skip
"""What people write, and what they mean."""

_TYPED: Final = str.maketrans({
    "µ": "u", "μ": "u", "·": ".", "⋅": ".", "*": ".", "×": ".", "²": "2", "³": "3", "^": "", "⁻": "-", "¹": "1",
    " ": ".",
})  # fmt: skip
"""Characters that a keyboard or a spreadsheet gives for UCUM's."""

_COMMON: Final = [
    "Cel",
    "K",
    "mm",
    "um",
    "m",
    "m/s",
    "m/s2",
    "mm/s",
    "m/min",
    "mm/min",
    "r/min",
    "r/s",
    "Hz",
    "kHz",
    "%",
    "deg",
    "rad",
    "N",
    "kN",
    "N.m",
    "Pa",
    "kPa",
    "MPa",
    "bar",
    "mbar",
    "W",
    "kW",
    "MW",
    "W.h",
    "kW.h",
    "J",
    "kJ",
    "A",
    "mA",
    "V",
    "mV",
    "kV",
    "V.A",
    "kV.A",
    "var",
    "kvar",
    "Ohm",
    "l",
    "l/min",
    "m3",
    "m3/h",
    "kg",
    "g",
    "t",
    "kg/h",
    "s",
    "ms",
    "min",
    "h",
    "d",
    "dB",
    "[ppm]",
    "[psi]",
    "{pcs}",
    "{pcs}/min",
    "1",
]
"""What a wrong unit is compared with."""


@cache
def check_unit(unit: str) -> str:
    """Say what is wrong with a unit, and what to write instead; empty when it is right."""
    if _fits(unit):
        return ""
    typed = unit.strip().translate(_TYPED)
    meant = (_MEANT.get(unit.strip()) or _MEANT.get(typed), typed, _by_parts(unit.strip().translate(_TYPED)))
    suggestion = next((one for one in meant if one and _fits(one)), None)
    if suggestion is None:
        lowered = {one.lower(): one for one in _COMMON}
        near = get_close_matches(typed.lower(), lowered, n=1)
        suggestion = lowered[near[0]] if near else None
    if suggestion is not None:
        return f"`{unit[:40]}` is no UCUM unit; did you mean `{suggestion}`?"
    return f"`{unit[:40]}` is no UCUM unit; write one like `Cel`, `kW.h` or `r/min`, or what is counted as `{{pcs}}`"


def is_time(unit: str) -> bool:
    """Tell whether it is a duration."""
    return re.fullmatch(r"[mun]?s|min|h|d|wk|a|mo", unit) is not None


def is_energy(unit: str) -> bool:
    """Tell whether it is an energy, active or apparent or reactive."""
    return re.fullmatch(r"[kMGTm]?(J|cal|eV|\[Btu\]|(W|V\.A|var)\.(h|s|min))", unit) is not None


def is_power(unit: str) -> bool:
    """Tell whether it is a power, active or apparent or reactive."""
    return re.fullmatch(r"[kMGTm]?(W|V\.A|var|J/(s|h))|\[HP\]|\[Btu\]/h", unit) is not None


def _fits(unit: str) -> bool:
    parts = re.split(r"[./]", unit.removeprefix("/") if unit != "/" else unit)
    return len(unit) <= 64 and all(_is_component(part) for part in parts)  # noqa: PLR2004 - longer is a mistake, not a unit


def _is_component(part: str) -> bool:
    if _NUMBER.fullmatch(part):
        return True
    match = _ATOM.fullmatch(part)
    return match is not None and _is_atom(match["atom"])


def _is_atom(atom: str) -> bool:
    if atom in _PLAIN:
        return True
    return any(atom.startswith(prefix) and atom[len(prefix) :] in _METRIC for prefix in _PREFIXES)


def _by_parts(unit: str) -> str:
    """Mend each component alone, so that `kWh/pcs` becomes `kW.h/{pcs}`."""
    parts = re.split(r"([./])", unit)
    return "".join(part if _is_component(part) else _MEANT.get(part, part) for part in parts)
