"""Secrets come from the environment or from files, and no output repeats them."""

from pathlib import Path

import pytest

from adapters.stores.influxdb.settings import InfluxSettings
from collector.load import load
from tests.collector.config.files import LINE, loaded, signals, told, write

SECRET = "s3cr3t-Zr\\\"x'9"

INFLUX = "store: {{ kind: influxdb, token: '{}' }}\n"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PARKLINE_TEST_SECRET", SECRET)
    return SECRET


def token(folder: Path) -> str:
    settings = load(folder).installation.store.settings
    assert isinstance(settings, InfluxSettings)
    assert settings.token is not None
    return settings.token.get_secret_value()


def test_a_secret_comes_from_the_environment(tmp_path: Path, secret: str) -> None:
    write(tmp_path, parkline=INFLUX.format("${env:PARKLINE_TEST_SECRET}"))
    assert token(tmp_path) == secret
    assert secret not in repr(load(tmp_path))


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path: Path, ending: str) -> None:
    write(tmp_path, {"keys/token": f"abc{ending}"}, parkline=INFLUX.format("${file:keys/token}"))
    assert token(tmp_path) == "abc"


def test_a_reference_may_be_a_part_of_a_value(tmp_path: Path, secret: str) -> None:
    text = "records: { url: 'postgresql://parkline:${env:PARKLINE_TEST_SECRET}@db/park' }\n"
    config = loaded(tmp_path, parkline=text)
    assert config.installation.records.url.get_secret_value() == f"postgresql://parkline:{secret}@db/park"
    assert secret not in repr(config)


def test_a_source_takes_secrets_from_beside_its_own_file(tmp_path: Path) -> None:
    line = LINE.replace('4840" }', "4840\", user: p, password: '${file:pw}' }")
    config = loaded(tmp_path, {"lines/pw": "geheim\n"}, line=line)
    assert "geheim" not in repr(config)
    settings = config.park.sources["plc"].settings
    assert getattr(settings, "password").get_secret_value() == "geheim"  # noqa: B009 - the model is the adapter's


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("${env:PARKLINE_NEVER_SET}", "the environment variable PARKLINE_NEVER_SET is not set"),
        ("${file:absent}", "the secret's file absent: No such file or directory"),
        ("${file:empty}", "the secret's file empty is empty"),
        ("${file:binary}", "the secret's file binary: is no UTF-8 text"),
        ("${file:large}", "the secret's file large is too large"),
        ("${file:.}", "the secret's file .: Is a directory"),
        ("${vault:x}", "`${vault:x}` refers to nothing; write ${env:NAME} or ${file:path}"),
        ("${NAME}", "`${NAME}` refers to nothing; write ${env:NAME} or ${file:path}"),
        ("${env:}", "refers to nothing"),
        ("plain-token", "`token`: a secret does not belong in this file; write ${env:NAME} or ${file:path}"),
        ("${env:OPEN", "`token`: a secret does not belong in this file"),
    ],
)
def test_a_secret_that_is_not_there_is_one_problem(tmp_path: Path, reference: str, problem: str) -> None:
    files: dict[str, str | bytes] = {"empty": "", "binary": b"\xff\xfe\xfa", "large": "x" * 100_000}
    problems = told(tmp_path, files, parkline=INFLUX.format(reference))
    assert len(problems) == 1
    assert problems[0].startswith("parkline.yaml:1:33: ")
    assert problem in problems[0]
    assert "plain-token" not in problems[0]


@pytest.mark.usefixtures("secret")
def test_a_reference_that_nobody_looks_up_is_told(tmp_path: Path) -> None:
    problems = told(tmp_path, line=signals("name: a, type: text, item: '${env:PARKLINE_TEST_SECRET}'"))
    assert [one.partition(": ")[0] for one in problems] == ["lines/press.yaml:9:72"]
    assert "is not looked up here" in problems[0]


@pytest.mark.parametrize(
    "parkline",
    [
        "api: { port: '${env:PARKLINE_TEST_SECRET}' }",
        "api: { host: { x: '${env:PARKLINE_TEST_SECRET}' } }",
        "spool: { limit: '${env:PARKLINE_TEST_SECRET}' }",
        "analytics: { every: '${env:PARKLINE_TEST_SECRET}' }",
        "store: { kind: '${env:PARKLINE_TEST_SECRET}' }",
        "store: { kind: influxdb, url: '${env:PARKLINE_TEST_SECRET}', token: '${env:PARKLINE_TEST_SECRET}' }",
        "store: { kind: influxdb, user: '${env:PARKLINE_TEST_SECRET}' }",
        "store: { kind: influxdb, bucket: '/${env:PARKLINE_TEST_SECRET}' }",
        "park: '${env:PARKLINE_TEST_SECRET}'",
        "lines: '${env:PARKLINE_TEST_SECRET}'",
        "records: { url: ['${env:PARKLINE_TEST_SECRET}'] }",
        "'${env:PARKLINE_TEST_SECRET}': 1",
        "${env:PARKLINE_TEST_SECRET}",
        "{ spool: '${env:PARKLINE_TEST_SECRET}', api: ['${env:PARKLINE_TEST_SECRET}'] }",
    ],
)
def test_no_problem_repeats_a_secret(tmp_path: Path, secret: str, parkline: str) -> None:
    problems = told(tmp_path, parkline=parkline)
    assert problems
    assert not [one for one in problems if secret in one or repr(secret)[1:-1] in one]


@pytest.mark.parametrize(
    "settings",
    [
        "host: '${env:PARKLINE_TEST_SECRET}/x'",
        "host: h, port: '${env:PARKLINE_TEST_SECRET}'",
        "host: h, keepalive: '${env:PARKLINE_TEST_SECRET}'",
        "host: h, password: '${env:PARKLINE_TEST_SECRET}'",
        "host: h, share: '${env:PARKLINE_TEST_SECRET}'",
        "host: h, passwort: '${env:PARKLINE_TEST_SECRET}'",
        "host: h, tls: { ca: '${env:PARKLINE_TEST_SECRET}', certificate: '${env:PARKLINE_TEST_SECRET}' }",
    ],
)
def test_no_problem_of_a_source_repeats_a_secret(tmp_path: Path, secret: str, settings: str) -> None:
    line = LINE.replace('kind: opcua, endpoint: "opc.tcp://127.0.0.1:4840"', f"kind: mqtt, {settings}")
    problems = told(tmp_path, line=line)
    assert problems
    assert not [one for one in problems if secret in one or repr(secret)[1:-1] in one]


@pytest.mark.parametrize("word", ["hunter2", "12345", "1:30", "*x", "&x y"])
def test_no_problem_repeats_a_password_that_was_written_out(tmp_path: Path, word: str) -> None:
    line = LINE.replace('4840" }', f'4840", user: p, password: {word} }}')
    problems = told(tmp_path, line=line)
    assert problems
    assert not [one for one in problems if word in one]


def test_a_password_in_an_address_is_told_and_not_repeated(tmp_path: Path) -> None:
    problems = told(tmp_path, line=LINE.replace("opc.tcp://", "opc.tcp://p:hunter2@"))
    assert len(problems) == 1
    assert "a password does not belong in an address" in problems[0]
    assert "hunter2" not in problems[0]


def test_options_that_are_no_secret_may_be_written_out(tmp_path: Path) -> None:
    lake = "store: {{ kind: lake, folder: 's3://park/lake', options: {{ {} }} }}\n"
    assert told(tmp_path, parkline=lake.format("AWS_REGION: cn-north-1")) == []
    problems = told(tmp_path, parkline=lake.format("AWS_SECRET_ACCESS_KEY: wJalrXUtnFEMI"))
    assert len(problems) == 1
    assert "a secret does not belong in this file" in problems[0]
