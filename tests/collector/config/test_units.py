"""Units are written as UCUM writes them; what people write instead is answered with the unit they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.config.units import check_unit, is_energy, is_power, is_time

RIGHT = [
    "1",
    "%",
    "Cel",
    "K",
    "[degF]",
    "deg",
    "rad",
    "r/min",
    "r/s",
    "1/min",
    "Hz",
    "kHz",
    "mm",
    "um",
    "m/s",
    "m/s2",
    "mm/min",
    "kg",
    "g",
    "t",
    "kg/h",
    "kg/m3",
    "N",
    "kN",
    "N.m",
    "kN/cm2",
    "Pa",
    "kPa",
    "MPa",
    "bar",
    "mbar",
    "[psi]",
    "l",
    "l/min",
    "L/h",
    "m3",
    "m3/h",
    "W",
    "kW",
    "MW",
    "W.h",
    "kW.h",
    "MW.h",
    "J",
    "kJ",
    "A",
    "mA",
    "A.h",
    "V",
    "mV",
    "kV",
    "V.A",
    "kV.A",
    "var",
    "kvar",
    "kvar.h",
    "Ohm",
    "kOhm",
    "S",
    "uS/cm",
    "s",
    "ms",
    "us",
    "min",
    "h",
    "d",
    "[ppm]",
    "[pH]",
    "dB",
    "lx",
    "lm",
    "{pcs}",
    "{pcs}/min",
    "kW.h/{pcs}",
    "{strokes}/min",
    "m[H2O]",
    "10*3/ul",
    "/min",
    "mm{ISO}",
]

MEANT = {
    "°C": "Cel",
    "℃": "Cel",
    "rpm": "r/min",
    "kWh": "kW.h",
    "KWH": "kW.h",
    "kWh/pcs": "kW.h/{pcs}",
    "m³/h": "m3/h",
    "m^3": "m3",
    "N·m": "N.m",
    "Nm": "N.m",
    "µm": "um",
    "μm": "um",
    "Ω": "Ohm",
    "kΩ": "kOhm",
    "PSI": "[psi]",
    "Bar": "bar",
    "percent": "%",
    "sec": "s",
    "pcs": "{pcs}",
    "pcs/min": "{pcs}/min",
    "件": "{pcs}",
    "kVA": "kV.A",
    "转/分": "r/min",
    "千瓦时": "kW.h",
    " kW": "kW",
    "m/sec": "m/s",
    "ppm": "[ppm]",
}


@pytest.mark.parametrize("unit", RIGHT)
def test_a_unit_of_ucum_is_right(unit: str) -> None:
    assert check_unit(unit) == ""


@pytest.mark.parametrize(("written", "meant"), MEANT.items())
def test_what_people_write_is_answered_with_what_they_mean(written: str, meant: str) -> None:
    assert check_unit(written).endswith(f"did you mean `{meant}`?")
    assert check_unit(meant) == ""


@pytest.mark.parametrize("unit", ["", "furlongs", "m//s", "kW.", "{", "{pcs", "m s", "5", "kkg", "m-s", "[]", "/"])
def test_what_is_no_unit_is_told(unit: str) -> None:
    wrong = unit != "5"  # a number alone is a unit, of so many
    assert bool(check_unit(unit)) == wrong


@given(st.text(max_size=80))
def test_any_text_gets_an_answer_and_a_suggestion_is_right(unit: str) -> None:
    answer = check_unit(unit)
    if "did you mean `" in answer:
        assert check_unit(answer.rpartition("did you mean `")[2].removesuffix("`?")) == ""


def test_time_energy_and_power_are_told_apart() -> None:
    assert all(map(is_time, ("s", "ms", "min", "h", "d")))
    assert all(map(is_energy, ("W.h", "kW.h", "MW.h", "J", "MJ", "kvar.h", "kV.A.h")))
    assert all(map(is_power, ("W", "kW", "V.A", "kvar", "[HP]", "kJ/s")))
    assert not any(map(is_time, ("m", "kW.h", "1", "Hz")))
    assert not any(map(is_energy, ("kW", "h", "1")))
    assert not any(map(is_power, ("kW.h", "1", "s")))
