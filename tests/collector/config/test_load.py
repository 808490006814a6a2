"""A configuration is read whole: its parts checked against one another, its paths made absolute."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sources.mqtt.settings import MqttSettings
from adapters.sources.opcua.settings import OpcuaAddress
from adapters.sources.replay.settings import ReplayAddress, ReplaySettings
from adapters.stores.influxdb.settings import InfluxSettings
from adapters.stores.lake.settings import LakeSettings
from collector.fields import Title
from collector.load import ConfigError, load
from collector.ownership import CatalogueSettings, Owner
from collector.park import EquipmentState, SignalRole
from tests.collector.config.files import LINE, PARK, loaded, signals, told, write

REPOSITORY = Path(__file__).parents[3]
EXAMPLES = ("configs", "configs/examples/press-shop", "configs/examples/retrofit")
KINDS = {"threshold", "counter", "packml", "machinery", "mtconnect", "expression"}


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.folder == tmp_path
    assert config.installation.store.kind == "lake"
    assert isinstance(config.installation.store.settings, LakeSettings)
    assert config.installation.spool.limit == 10 * 2**30
    assert list(config.park.signals) == ["press-works/press-line/press-01/force"]
    force = config.park.signals["press-works/press-line/press-01/force"]
    assert force.address == OpcuaAddress(node="nsu=urn:press;s=Force")
    assert config.park.calendar_of("press-works/press-line/press-01") is config.park.calendars["two-shift"]


def test_the_catalogue_says_whose_data_it_is(tmp_path: Path) -> None:
    assert loaded(tmp_path).park.catalogue == CatalogueSettings(themes=("ECON", "TECH"))
    assert loaded(tmp_path).park.factories[0].owner == Owner()
    owner = "{ title: { en: Press Works Ltd }, contact: data@press.example }"
    park = f"{PARK.strip()[:-2]}, owner: {owner} }}\ncatalogue: {{ licence: CC-BY-4.0, themes: [https://v.example/t] }}"
    told_so = loaded(tmp_path, park=park).park
    assert told_so.factories[0].owner == Owner(title=Title(en="Press Works Ltd"), contact="data@press.example")
    assert told_so.catalogue == CatalogueSettings(licence="CC-BY-4.0", themes=("https://v.example/t",))


def test_the_folder_or_its_file_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    assert load(tmp_path) == load(tmp_path / "parkline.yaml")
    monkeypatch.chdir(tmp_path)
    assert load(Path()) == load(tmp_path)


def test_relative_paths_begin_at_the_file_they_stand_in(tmp_path: Path) -> None:
    line = """
line: press-line
factory: press-works
sources:
  - { name: recorded, kind: replay, files: [../recordings/a.csv, /srv/b.csv] }
  - { name: broker, kind: mqtt, host: h, tls: { ca: keys/ca.pem } }
equipment:
  - id: press-01
    signals:
      - { name: force, source: recorded, item: F, type: float }
      - { name: speed, source: broker, topic: a/b, type: float }
"""
    parkline = "spool: { path: deep/spool.db }\nstore: { folder: lake }\n"
    config = loaded(tmp_path, line=line, parkline=parkline)
    assert config.installation.spool.path == tmp_path / "deep/spool.db"
    assert config.installation.park == tmp_path / "park.yaml"
    assert config.installation.records.url.get_secret_value() == f"sqlite:///{tmp_path}/data/records.db"
    store = config.installation.store.settings
    assert isinstance(store, LakeSettings)
    assert store.folder == tmp_path / "lake"
    recorded = config.park.sources["recorded"].settings
    assert isinstance(recorded, ReplaySettings)
    assert recorded.files == (tmp_path / "lines/../recordings/a.csv", Path("/srv/b.csv"))
    broker = config.park.sources["broker"].settings
    assert isinstance(broker, MqttSettings)
    assert broker.tls is not None
    assert broker.tls.ca == tmp_path / "lines/keys/ca.pem"
    force = config.park.signals["press-works/press-line/press-01/force"]
    assert force.address == ReplayAddress(item="F")
    assert force.item == "F"


@pytest.mark.parametrize("url", ["sqlite:////var/lib/records.db", "sqlite://", "postgresql://db/park"])
def test_other_records_stay_where_they_are(tmp_path: Path, url: str) -> None:
    config = loaded(tmp_path, parkline=f"records: {{ url: '{url}' }}\n")
    assert config.installation.records.url.get_secret_value() == url


def test_a_lake_on_object_storage_stays_an_address(tmp_path: Path) -> None:
    store = loaded(tmp_path, parkline="store: { folder: s3://park/lake }\n").installation.store.settings
    assert isinstance(store, LakeSettings)
    assert store.folder == "s3://park/lake"


def test_a_store_takes_the_keys_of_its_kind(tmp_path: Path) -> None:
    parkline = "store: { kind: influxdb, url: 'http://127.0.0.1:8086', flush: 2 s, bucket: park }\n"
    config = loaded(tmp_path, parkline=parkline)
    assert config.installation.store.flush == timedelta(seconds=2)
    assert isinstance(config.installation.store.settings, InfluxSettings)
    problems = told(tmp_path, parkline="store: { kind: influxdb, folder: data }\n")
    assert problems[0].startswith("parkline.yaml:1:26: the key `folder` is not known here")


def test_a_signal_may_come_from_a_source_of_another_line(tmp_path: Path) -> None:
    other = """
line: packing
factory: press-works
equipment:
  - id: packer
    signals:
      - { name: speed, source: plc, node: nsu=urn:press;s=Packer, type: float, unit: m/s }
"""
    park = loaded(tmp_path, {"lines/packing.yaml": other}).park
    assert park.signals["press-works/packing/packer/speed"].source == "plc"
    assert [line.id for line in park.factories[0].lines] == ["packing", "press-line"]


def test_the_same_address_may_feed_two_signals(tmp_path: Path) -> None:
    rows = ("name: kelvin, type: float, unit: K", "name: celsius, type: float, unit: Cel, offset: -273.15")
    assert told(tmp_path, line=signals(*rows)) == []


def test_a_factory_may_have_no_line_yet_but_a_park_has_a_factory(tmp_path: Path) -> None:
    more = "  - { id: foundry, time_zone: Asia/Shanghai, calendar: two-shift }\n"
    assert loaded(tmp_path, park=PARK.rstrip() + "\n" + more).park.factory_of("foundry").lines == ()
    none = PARK.partition("factories:")[0]
    assert "a park needs one factory or more" in told(tmp_path, park=none + "factories: []\n")[0]
    assert "`factories` is missing" in told(tmp_path, park=none)[0]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("name: a, type: text, role: state", "`states` is missing"),
        ("name: a, type: float, role: state, states: {1: idle}", "has exact values; write `text`, `int` or `bool`"),
        ("name: a, type: text, states: {RUN: producing}", "`states` is for signals of role `state`"),
        ("name: a, type: text, conditions: {X: fault}", "`conditions` is for signals of role `condition`"),
        ("name: a, type: int, role: condition", "`conditions` is missing"),
        ("name: a, type: bool, role: condition, conditions: {on: fault}", "`on` is no value of a bool signal"),
        ("name: a, type: int, role: state, states: {007: idle}", "`007` is no value of an int signal"),
        ("name: a, type: text, role: energy", "a signal of role `energy` is a number"),
        ("name: a, type: float, role: energy", "`unit` is missing; a signal of role `energy` needs one like `kW.h`"),
        ("name: a, type: int, role: meter, unit: '{pcs}'", "`{pcs}` does not measure that"),
        ("name: a, type: text, limits: [{high: 1}]", "`limits` is for numbers"),
        ("name: a, type: bool, unit: kW", "`unit` is for numbers"),
        ("name: a, type: float, scale: 0", "`scale`: 0 makes every value the same"),
        ("name: a, type: int, offset: 0.5", "`offset`: 0.5 makes fractions of whole numbers"),
        ("name: a, type: float, scale: .inf", "`scale`: `.inf` is not a finite number"),
        ("name: a, type: float, low: .nan", "`low`: `.nan` is not a finite number"),
        ("name: a, type: float, low: 2, high: 1", "`low`: 2 must lie below `high` (1)"),
        ("name: a, type: float, limits: [{}]", "a limit needs `high`, `low` or both"),
        ("name: a, type: float, limits: [{high: 1, hysteresis: -1}]", "`hysteresis`: `-1` is out of bounds"),
        ("name: a, type: float, limits: [{high: 1, on_delay: 5}]", "`on_delay`: 5 is no duration"),
        ("name: a/b, type: float", "`name`: `a/b` does not fit; write 1 to 64 letters"),
        ("name: 7, type: float", "`name`: `7` is not text; put it in quotes"),
        ("name: a, type: float, path: x", "the key `path` is not known here"),
        ("name: a, type: float, address: x", "the key `address` is not known here"),
        ("name: a, type: float, title: {fr: a}", "the key `fr` is not known here; write `zh` or `en`"),
        ("name: a, type:", "`type`: nothing is written here"),
    ],
)
def test_what_does_not_go_together_is_one_problem(tmp_path: Path, row: str, problem: str) -> None:
    problems = told(tmp_path, line=signals(row))
    assert len(problems) == 1, problems
    assert problem in problems[0]
    assert problems[0].startswith("lines/press.yaml:9:")


@pytest.mark.parametrize(
    "row",
    [
        "name: a, type: text, role: state, states: {RUN: producing, 停机: off}",
        "name: a, type: bool, role: state, states: {true: producing, false: idle}",
        "name: a, type: int, role: state, states: {-1: unknown, 0: idle, 12: producing}",
        "name: a, type: text, role: condition",
        "name: a, type: text, unit: '1'",
        "name: a, type: int, role: meter, unit: h, scale: 2",
        "name: a, type: float, role: power, unit: kV.A",
        "name: a, type: float, limits: [{high: 9, low: 1, hysteresis: 7.9, on_delay: 1.5 min, severity: low}]",
        "name: a, type: int, role: good_count",
    ],
)
def test_what_goes_together_is_right(tmp_path: Path, row: str) -> None:
    assert told(tmp_path, line=signals(row)) == []


def test_a_source_that_nobody_names_is_told(tmp_path: Path) -> None:
    spare = "  - { name: spare, kind: mqtt, host: h }\n"
    problems = told(tmp_path, line=LINE.replace("equipment:", spare + "equipment:"))
    assert problems == [
        "lines/press.yaml:6:13: `name`: no signal comes from source `spare`; write its signals, or take it out"
    ]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"parkline.yaml": "- a\n"}, "parkline.yaml:1:1: keys with values are expected here"),
        ({"parkline.yaml": "park: p.yaml\n"}, "p.yaml: No such file or directory; name a file to read"),
        ({"parkline.yaml": "lines: x/*.yaml\n"}, "parkline.yaml:1:8: `lines`: no file fits `x/*.yaml`"),
        ({"parkline.yaml": "lines: /etc/*.yaml\n"}, "parkline.yaml:1:8: `lines`: `/etc/*.yaml` is no pattern of files"),
        ({"parkline.yaml": "park: 'a\\0b'\n", "park.yaml": ""}, "parkline.yaml:1:7: "),
        ({"park.yaml": "\n"}, "park.yaml:1:1: the file is empty"),
        ({"park.yaml": "- a\n"}, "park.yaml:1:1: keys with values are expected here"),
        ({"park.yaml": "id: [\n"}, "park.yaml:2:1: a value should stand here; write it, or close the bracket"),
        ({"park.yaml": "id: p\ncalendars: []\nfactories: x\n"}, "park.yaml:3:12: `factories` is not a list"),
        ({"lines/press.yaml": "a: b: c\n"}, "lines/press.yaml:1:5: a `:` where no key can stand"),
        (
            {"lines/press.yaml": "line: x\nfactory: press-works\nequipment: x\n"},
            "lines/press.yaml:3:12: `equipment` is not",
        ),
        ({"lines/press.yaml": LINE.replace("signals:", "signals: {}\n    x:")}, "`signals` is a list of signals"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, files: dict[str, str | bytes], problem: str) -> None:
    problems = told(tmp_path, files)
    assert any(problem in one for one in problems), problems


def test_a_folder_without_a_configuration_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"parkline\.yaml:1:1: the file .*parkline\.yaml: No such file"):
        load(tmp_path)


def test_a_file_that_cannot_be_read_hides_no_mistake_of_another(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "park.yaml": "id: [\n",
        "parkline.yaml": "api: { port: 0 }\n",
        "lines/a.yaml": "line: [\n",
        "lines/press.yaml": LINE.replace("kN", "kNn"),
    }
    assert [one.partition(": ")[0] for one in told(tmp_path, files)] == [
        "lines/a.yaml:2:1",
        "lines/press.yaml:9:85",
        "park.yaml:2:1",
        "parkline.yaml:1:14",
    ]


@pytest.mark.parametrize("folder", EXAMPLES)
def test_the_examples_are_right(folder: str) -> None:
    park = load(REPOSITORY / folder).park
    assert all(equipment.state_inputs for equipment in park.equipment.values())


def test_an_example_shows_every_rule() -> None:
    park = load(REPOSITORY / "configs/examples/retrofit").park
    told = [machine.state_from for machine in park.equipment.values()]
    assert {rule.kind for rule in told if rule is not None} == KINDS


def test_the_example_maps_the_states_of_its_machine() -> None:
    park = load(REPOSITORY / "configs").park
    execution = park.equipment["mazak-works/milling/mazak-01"].state
    assert execution is not None
    assert execution.role is SignalRole.STATE
    assert execution.states["ACTIVE"] is EquipmentState.PRODUCING


def test_ten_thousand_signals_load_in_seconds(tmp_path: Path) -> None:
    rows = ["name,source,node,type,unit,scale,low,high,role,limit_high,hysteresis,title_zh"]
    rows += [f"s{n},plc,nsu=urn:p;s=T{n},float,kN,0.1,0,5000,measurement,4200,200,压力{n}" for n in range(10_000)]
    line = LINE.partition("    signals:")[0] + "    signals: tags.csv\n"
    write(tmp_path, {"lines/tags.csv": "\n".join(rows)}, line=line)
    began = time.process_time()
    assert len(load(tmp_path).park.signals) == 10_000
    assert time.process_time() - began < 5  # about 1.2 s on one core of 2024; a quadratic loader takes minutes
