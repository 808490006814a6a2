"""The description: complete, true to its own examples, and readable offline."""

import re
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.api.contract import describe_app

TABLES = ("text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream")
"""What a list is also had as; their rows are those of its JSON."""


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return describe_app()


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        path if method == next(iter(methods)) else f"{path} {method}": operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def answers_of(described: dict[str, Any], operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    shared = described["components"]["responses"]
    return {
        code: shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        for code, answer in operation["responses"].items()
    }


async def test_every_route_is_described(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert {path: operation["operationId"] for path, operation in operations(described).items()} == {
        "/api/v1/catalogue": "listCatalogue",
        "/api/v1/catalogue/{id}": "readDataset",
        "/api/v1/assets": "listAssets",
        "/api/v1/parks": "listParks",
        "/api/v1/parks/{id}": "readPark",
        "/api/v1/factories": "listFactories",
        "/api/v1/factories/{path}": "readFactory",
        "/api/v1/lines": "listLines",
        "/api/v1/lines/{path}": "readLine",
        "/api/v1/equipment": "listEquipment",
        "/api/v1/equipment/{path}": "readEquipment",
        "/api/v1/signals": "listSignals",
        "/api/v1/signals/{path}": "readSignal",
        "/api/v1/sources": "listSources",
        "/api/v1/sources/{name}": "readSource",
        "/api/v1/equipment/{path}/states": "listEquipmentStates",
        "/api/v1/equipment/{path}/explanation": "explainEquipmentWindow",
        "/api/v1/stop-reasons": "listStopReasons",
        "/api/v1/equipment/{path}/stop-reasons": "listEquipmentStopReasons",
        "/api/v1/equipment/{path}/stop-reasons post": "addEquipmentStopReason",
        "/api/v1/equipment/{path}/stop-reasons/{id}": "revokeEquipmentStopReason",
        "/api/v1/kpis": "listKpis",
        "/api/v1/kpis/catalogue": "listKpiCatalogue",
        "/api/v1/kpis/restatements": "listRestatements",
        "/api/v1/losses": "listLosses",
        "/api/v1/comparisons": "listComparisons",
        "/api/v1/capacity": "listCapacity",
        "/api/v1/explanations": "readExplanation",
        "/api/v1/states": "listStates",
        "/api/v1/states/current": "listCurrentStates",
        "/api/v1/reports/losses": "readLosses",
        "/api/v1/reports/comparison": "readChange",
        "/api/v1/reports/page": "showReport",
        "/api/v1/idle-capacity": "listIdleCapacity",
        "/api/v1/alerts": "listAlerts",
        "/api/v1/alerts/performance": "readAlertPerformance",
        "/api/v1/alerts/{alert}": "readAlert",
        "/api/v1/alerts/{alert}/acknowledgement": "acknowledgeAlert",
        "/api/v1/alerts/{alert}/comments": "commentOnAlert",
        "/api/v1/alerts/{alert}/shelving": "shelveAlert",
        "/api/v1/alerts/{alert}/shelving delete": "unshelveAlert",
        "/api/v1/alerts/{alert}/reset": "resetAlert",
        "/api/v1/events": "listEvents",
        "/api/v1/health-scores": "listHealthScores",
        "/api/v1/faults": "listFaults",
        "/api/v1/faults/history": "listFaultHistory",
        "/api/v1/faults/detectors": "listDetectors",
        "/api/v1/faults/{path}": "readFaults",
        "/api/v1/indicators": "listIndicators",
        "/api/v1/samples": "listSamples",
        "/api/v1/samples/latest": "listLatestSamples",
        "/api/v1/exports": "createExport",
        "/api/v1/exports get": "listExports",
        "/api/v1/exports/{export}": "readExport",
        "/api/v1/exports/{export} delete": "deleteExport",
        "/api/v1/exports/{export}/file": "downloadExport",
        "/api/v1/webhooks": "createWebhook",
        "/api/v1/webhooks get": "listWebhooks",
        "/api/v1/webhooks/{webhook}": "readWebhook",
        "/api/v1/webhooks/{webhook} patch": "changeWebhook",
        "/api/v1/webhooks/{webhook} delete": "deleteWebhook",
        "/api/v1/webhooks/{webhook}/secret": "rotateWebhookSecret",
        "/api/v1/webhooks/{webhook}/test": "testWebhook",
        "/api/v1/webhooks/{webhook}/deliveries": "listWebhookDeliveries",
        "/api/v1/webhooks/{webhook}/replay": "replayWebhook",
        "/api/v1/gaps": "listGaps",
        "/api/v1/gaps/{id}": "readGap",
        "/api/v1/dead-letters": "listDeadLetters",
        "/api/v1/dead-letters/{id}": "readDeadLetter",
        "/api/v1/dead-letters/export": "exportDeadLetters",
        "/api/v1/dead-letters/replay": "replayDeadLetters",
        "/api/v1/dead-letters/drop": "dropDeadLetters",
        "/api/v1/audit": "listAudit",
        "/api/v1/open-data": "listOpenData",
        "/api/v1/open-data/{view}": "listOpenDataRows",
        "/healthz": "readHealth",
        "/readyz": "readReadiness",
        "/problems/{slug}": "readProblem",
    }


async def test_everything_says_what_it_is(described: dict[str, Any]) -> None:
    for path, operation in operations(described).items():
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (path, parameter["name"])
    tags = {tag for operation in operations(described).values() for tag in operation["tags"]}
    assert tags == {tag["name"] for tag in described["tags"]}
    for name, schema in described["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            assert re.fullmatch("[a-z][a-z0-9_]*", field), (name, field)
            assert told.get("description"), (name, field)


async def test_every_body_is_told_by_a_model_of_its_own(described: dict[str, Any]) -> None:
    bodies = [
        str(operation["requestBody"]["content"]["application/json"]["schema"])
        for operation in operations(described).values()
        if "requestBody" in operation
    ]
    assert len(bodies) > 5
    assert len(set(bodies)) == len(bodies)


async def test_every_example_fits_its_schema(described: dict[str, Any]) -> None:
    checked = 0
    for path, operation in operations(described).items():
        for code, answer in answers_of(described, operation).items():
            for name, media in answer.get("content", {}).items():
                if name in TABLES:
                    continue
                schema = {**media["schema"], "components": described["components"]}
                assert "example" in media, (path, code)
                jsonschema_rs.validate(schema, media["example"])
                checked += 1
    assert checked > 30


async def test_every_operation_tells_its_problems(described: dict[str, Any]) -> None:
    for path, operation in operations(described).items():
        answers = answers_of(described, operation)
        if path.startswith("/api/"):
            assert operation["security"] == [{"bearer": []}, {"apiKey": []}], path
            assert {"401", "403", "503"} <= answers.keys(), path
        if operation.get("parameters"):
            assert "422" in answers, path
        for code, answer in answers.items():
            if int(code) >= 400 and path != "/readyz":
                assert list(answer["content"]) == ["application/problem+json"], (path, code)
    assert not {"HTTPValidationError", "ValidationError"} & described["components"]["schemas"].keys()


async def test_the_documentation_needs_nothing_from_elsewhere(api: httpx.AsyncClient) -> None:
    page = (await api.get("/docs")).text
    references = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(references) >= 4
    for reference in references:
        assert reference.startswith("/"), reference
        assert (await api.get(reference)).status_code == 200, reference
