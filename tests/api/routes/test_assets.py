"""The asset tree."""

import httpx

from tests.api.plant import HOB, PARK, WASHER


async def test_the_tree_is_the_park_as_configured(api: httpx.AsyncClient) -> None:
    tree = (await api.get("/api/v1/assets")).json()
    assert tree["id"] == "riverside"
    assert tree["title"] == {"zh": "河滨智造产业园", "en": "Riverside Manufacturing Park"}
    assert [(factory["path"], factory["time_zone"]) for factory in tree["factories"]] == [
        ("gears", "Asia/Shanghai"),
        ("moulds", "Europe/Berlin"),
    ]
    lines = [line for factory in tree["factories"] for line in factory["lines"]]
    equipment = {machine["path"]: machine for line in lines for machine in line["equipment"]}
    assert list(equipment) == list(PARK.equipment)
    assert equipment[HOB]["state_signal"] == f"{HOB}/execution"
    assert equipment[HOB]["hold_for_s"] == 600
    assert equipment[WASHER]["state_signal"] is None
    signals = {signal["path"]: signal for signal in equipment[HOB]["signals"]}
    assert list(signals) == [path for path in PARK.signals if path.startswith(f"{HOB}/")]
    assert signals[f"{HOB}/spindle_temperature"] == {
        "path": f"{HOB}/spindle_temperature",
        "name": "spindle_temperature",
        "title": {"zh": "主轴温度", "en": "Spindle temperature"},
        "type": "float",
        "unit": "Cel",
        "role": "measurement",
        "low": -20.0,
        "high": 150.0,
        "source": "hobbing-opcua",
    }
    assert signals[f"{HOB}/door"]["title"] == {"zh": "door", "en": "door"}


async def test_the_tree_comes_without_signals_when_asked(api: httpx.AsyncClient) -> None:
    tree = (await api.get("/api/v1/assets", params={"signals": "false"})).json()
    assert tree["factories"][0]["lines"][0]["equipment"][0]["signals"] is None
