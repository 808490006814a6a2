"""The page in a real browser: what people see, in both languages, with a key and without, while parts are down."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Route, expect

from adapters.stores.contract import StoreUnavailableError
from analytics.alertlog import write_alerts
from api.auth import create_key
from api.roles import Role
from collector.records import Records
from tests.api.plant import GRINDER, HOB, NOW, PRESS, Plant, alerts, build
from tests.api.server import serving
from tests.system.browsing import LEAST_CONTRAST, opened

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    return build(tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def address(plant: Plant) -> Iterator[str]:
    """Give the address of an API that is open to this machine."""
    with serving(plant, open_page=True) as at:
        yield at


async def test_a_reader_sees_the_newest_day_at_a_glance(browser: Browser, address: str) -> None:
    async with opened(browser, address + "/") as page:
        await expect(page.locator("#park")).to_have_text("Riverside Manufacturing Park")
        await expect(page.locator("#until")).to_contain_text("Data until 2026-11-24 08:14 UTC")
        answer = await page.request.get(f"{address}/api/v1/kpis?period=day&kpi=utilisation&path=riverside&path={HOB}")
        park, hob = sorted((await answer.json())["items"], key=lambda row: row["path"] == HOB)
        await expect(page.locator("#tile-utilisation .figure")).to_have_text(f"{park['value']:.1%}")
        await expect(page.locator("#tile-coverage .figure")).to_have_text(f"{park['coverage']:.1%}")
        await expect(page.locator("#tile-alerts .figure")).to_have_text("3")
        await expect(page.locator("#tile-sources .figure")).to_have_text("2 / 3")
        row = page.locator(f'tr[data-asset="{HOB}"]')
        await expect(row).to_contain_text(f"{hob['value']:.1%}")
        await expect(row).to_contain_text("100.0%")
        await expect(page.locator(".tree tbody tr")).to_have_count(12)
        await expect(page.locator('tr[data-asset$="washer"]')).to_contain_text("no state signal")


async def test_a_machine_shows_its_day(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/#/{HOB}") as page:
        machine = page.locator("#machine")
        await expect(machine.locator("h2")).to_contain_text("Hobbing machine 1")
        await expect(machine.locator(".hours li")).to_have_count(24)
        await expect(machine.locator(".hours .column.empty")).to_have_count(7)  # 17:00 to 24:00 is not known yet
        strip = machine.locator("canvas.strip")
        painted = await strip.evaluate(COLOURS)
        assert {"producing", "idle", "setup", "planned_stop", "unplanned_stop", "off", ""} == set(painted)
        await strip.focus()
        await page.keyboard.press("ArrowRight")
        await expect(machine.locator(".readout")).to_contain_text("00:00:00 – ")  # noqa: RUF001 - typography of the page
        first = await machine.locator(".readout").inner_text()
        await page.keyboard.press("ArrowRight")
        await expect(machine.locator(".readout")).not_to_have_text(first)


COLOURS: Final = """canvas => {
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const states = {};
  for (const state of ["producing", "idle", "setup", "planned_stop", "unplanned_stop", "off"]) {
    states[style.getPropertyValue("--state-" + state).trim()] = state;
  }
  const seen = new Set();
  const row = pen.getImageData(0, 20, canvas.width, 1).data;
  for (let at = 0; at < row.length; at += 4) {
    const hex = "#" + [...row.slice(at, at + 3)].map(part => part.toString(16).padStart(2, "0")).join("");
    seen.add(row[at + 3] === 0 ? "" : states[hex] ?? hex);
  }
  return [...seen];
}"""
"""Names the states whose colours a timeline shows; empty where it shows none."""


async def test_a_machine_shows_its_figures_and_why_some_are_not_there(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/#/{HOB}") as page:
        answer = await page.request.get(f"{address}/api/v1/kpis?period=day&kpi=oee&path={GRINDER}&path={HOB}")
        grinder, hob = (await answer.json())["items"]
        oee = page.locator(f'tr[data-asset="{GRINDER}"] .oee')
        await expect(oee).to_have_text(f"{grinder['value']:.1%}")
        missing = page.locator(f'tr[data-asset="{HOB}"] .oee')
        await expect(missing).to_have_text("–")  # noqa: RUF001 - typography of the page
        await expect(missing.locator(".noted")).to_have_attribute("title", hob["note"])
        await expect(page.locator("#machine .remark").first).to_contain_text(
            f"OEE, Effectiveness no ideal cycle: write ideal_cycle: for {HOB} in its line file"
        )
        await page.locator(f'[data-path="{GRINDER}"]').click()
        await expect(page.locator('#machine [data-kpi="oee"] dd')).to_have_text(f"{grinder['value']:.1%}")
        await expect(page.locator('#machine [data-kpi="availability"] dd')).not_to_have_text("–")  # noqa: RUF001
        await expect(page.locator("#machine .restated")).to_have_count(0)


async def test_it_asks_for_the_numbers_that_it_shows_alone(browser: Browser, address: str) -> None:
    async with opened(browser, address + "/") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.reload()
        await expect(page.locator("#machine .hours li")).to_have_count(24)
    numbers = [url for url in asked if "/kpis?" in url]
    assert numbers
    assert all(0 < url.count("kpi=") <= 15 for url in numbers)


async def test_a_number_that_was_told_otherwise_before_says_so(browser: Browser, address: str) -> None:
    async def restate(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        for row in body["items"]:
            row.update(version=2, reason="late samples")
        await route.fulfill(response=response, json=body)

    async with opened(browser, f"{address}/#/{HOB}") as page:
        await page.route("**/api/v1/kpis?*", restate)
        await page.reload()
        for mark in (page.locator(f'tr[data-asset="{HOB}"] .restated'), page.locator("#machine .restated")):
            await expect(mark).to_have_text("restated")
            await expect(mark).to_have_attribute("title", re.compile(r"^version 2, computed 2026-.*: late samples$"))


async def test_what_needs_attention_says_what_to_do(browser: Browser, address: str) -> None:
    async with opened(browser, address + "/") as page:
        active = page.locator("#alerts table").first.locator("tbody tr")
        await expect(active).to_have_count(3)
        await expect(active.first).to_contain_text("Critical")  # the most urgent first
        await expect(active.first).to_contain_text("Controller: fault 1022 HYDRAULIC PRESSURE LOST")
        down = page.locator('tr[data-source="injection-opcua"]')
        await expect(down).to_contain_text("Down")
        await expect(down).to_contain_text("check the machine's power, the network cable and the address")
        await expect(down).to_contain_text("no answer from opc.tcp://10.20.3.7:4840 within 5 s")
        await expect(page.locator("#gaps tbody tr")).to_have_count(3)
        await expect(page.locator("#gaps")).to_contain_text("the broker dropped 12 messages of this topic")
        filled = page.locator("#gaps tbody tr", has_text="hobbing-opcua")
        await expect(filled).to_contain_text("filled later")
        await expect(filled).to_contain_text("from the source's history: 1,861 samples")
        await expect(page.locator("#gaps")).to_contain_text("the publisher keeps no messages")


async def test_it_speaks_the_readers_language_and_remembers_the_other(browser: Browser, address: str) -> None:
    async with opened(browser, address + "/", locale="zh-CN") as page:
        await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        await expect(page.locator("#park")).to_have_text("河滨智造产业园")
        await expect(page.locator("#overview")).to_contain_text("1 号滚齿机")
        await expect(page.locator("#alerts")).to_contain_text("主轴温度：83.4 Cel，高于上限 80 Cel")  # noqa: RUF001
        await expect(page.locator("#gaps tbody tr").first).to_contain_text("连接中断")
        await expect(page.locator("#gaps tbody tr").first).to_contain_text("由数据源历史补齐")
        await page.locator("#language").click()
        await expect(page.locator("#park")).to_have_text("Riverside Manufacturing Park")
        await page.reload()
        await expect(page.locator("#park")).to_have_text("Riverside Manufacturing Park")


async def test_what_is_chosen_stays_in_the_address(browser: Browser, address: str) -> None:
    async with opened(browser, address + "/") as page:
        await page.locator(f'[data-path="{GRINDER}"]').click()
        await expect(page.locator("#machine h2")).to_contain_text("Grinding machine 1")
        await expect(page.get_by_label("Day before")).to_be_enabled()
        newest = await page.locator("#tile-utilisation .figure").inner_text()
        await page.get_by_label("Day before").click()
        await expect(page).to_have_url(f"{address}/#/{GRINDER}?day=2026-11-23")
        await expect(page.locator("#tile-utilisation .figure")).not_to_have_text(newest)
        await expect(page.locator("#machine .hours .column.empty")).to_have_count(0)
        await page.reload()
        await expect(page.get_by_label("Day shown")).to_have_value("2026-11-23")
        await expect(page.locator("#machine h2")).to_contain_text("Grinding machine 1")
        await page.get_by_role("button", name="Latest").click()
        await expect(page.locator("#tile-utilisation .figure")).to_have_text(newest)
        await page.locator("#alerts button", has_text="Injection press 1").first.click()
        await expect(page).to_have_url(f"{address}/#/{PRESS}")


async def test_who_sees_one_factory_sees_its_numbers(browser: Browser, plant: Plant, tmp_path: Path) -> None:
    copy = replace(plant, folder=Path(shutil.copytree(plant.folder, tmp_path / "plant")))
    made = partial(create_key, name="gears", now=NOW, expires=None, roles=[Role.VIEWER], factories=["gears"])
    async with Records(copy.records_url) as records:
        _, key = await records.run(made)
    with serving(copy) as at:
        async with opened(browser, at + "/", well=False) as page:
            await page.locator("#key").get_by_label("Key").fill(key)
            await page.keyboard.press("Enter")
            tile = page.locator("#tile-utilisation")
            await expect(tile.locator("h2")).to_have_text("Utilisation · Gear Works")
            await expect(tile.locator(".figure")).to_have_text(re.compile("%$"))
            await expect(page.locator(".tree tbody tr")).to_have_count(7)
            await expect(page.locator(f'tr[data-asset="{HOB}"]')).to_contain_text("%")


@pytest.mark.parametrize("cut", ["#/%", "#/gears?day=2026-02-31", "#/gears?day=0001-01-01"])
async def test_an_address_that_is_none_shows_the_newest_day(browser: Browser, address: str, cut: str) -> None:
    async with opened(browser, f"{address}/{cut}") as page:
        await expect(page.locator("#tile-utilisation .figure")).to_have_text(re.compile("%$"))


async def test_it_asks_no_address_that_has_a_successor(browser: Browser, address: str) -> None:
    old: list[str] = []
    async with opened(browser, address + "/") as page:
        page.on("response", lambda answer: old.append(answer.url) if "deprecation" in answer.headers else None)
        await page.reload()
        await expect(page.locator("#machine .hours li")).to_have_count(24)
    assert old == []


async def test_a_day_without_data_says_so(browser: Browser, address: str) -> None:
    async with opened(browser, f"{address}/#/{HOB}?day=2020-02-29") as page:
        await expect(page.locator("#tile-utilisation .note")).to_have_text("no data for this day")
        await expect(page.locator(f'tr[data-asset="{HOB}"]')).to_contain_text("no data")
        await expect(page.locator("#gaps")).to_contain_text("No gaps on this day.")


async def test_a_stranger_is_asked_for_a_key(browser: Browser, plant: Plant) -> None:
    with serving(plant) as closed:
        async with opened(browser, closed + "/", well=False) as page:
            dialog = page.locator("#key")
            await expect(dialog).to_contain_text("An API key is needed")
            await expect(page.locator("main")).to_be_hidden()
            await dialog.get_by_label("Key").fill("parkline_00000000_wrong")
            await dialog.get_by_role("button").click()
            await expect(dialog).to_contain_text("this is no key of this park")
            await dialog.get_by_label("Key").fill(plant.key)
            await page.keyboard.press("Enter")
            await expect(dialog).to_be_hidden()
            await expect(page.locator("#park")).to_have_text("Riverside Manufacturing Park")
            await page.reload()
            await expect(page.locator("#park")).to_have_text("Riverside Manufacturing Park")
            assert plant.key not in await page.evaluate(
                "JSON.stringify(localStorage) + document.cookie + location.href"
            )
            await page.get_by_role("button", name="Forget the key").click()
            await expect(dialog).to_be_visible()


async def test_the_question_for_a_key_stays_until_it_is_answered(browser: Browser, plant: Plant) -> None:
    with serving(plant) as closed:
        async with opened(browser, closed + "/", well=False) as page:
            dialog = page.locator("#key")
            await dialog.get_by_label("Key").fill(plant.key)
            for _ in range(3):  # Chromium closes a dialog at the second, whatever its page says
                await page.keyboard.press("Escape")
                await expect(dialog).to_be_visible()
            await expect(dialog.get_by_label("Key")).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(dialog).to_be_hidden()
            await expect(page.locator("#park")).to_have_text("Riverside Manufacturing Park")


async def test_it_says_when_the_store_is_down_and_goes_on_when_it_is_back(browser: Browser, plant: Plant) -> None:
    troubles: list[Exception] = [StoreUnavailableError("influxdb http://10.20.0.5:8086", "connection refused")]
    with serving(plant, open_page=True, troubles=troubles) as at:
        async with opened(browser, at + "/", well=False) as page:
            await expect(page.locator("#notice")).to_contain_text("The store does not answer")
            await expect(page.locator("#notice")).to_contain_text("connection refused")
            await expect(page.locator("#tile-utilisation .note")).to_have_text("not read yet")
            troubles.clear()
            await expect(page.locator("#tile-utilisation .figure")).to_have_text(re.compile("%$"), timeout=15_000)
            await expect(page.locator("#notice")).to_be_empty()


async def test_a_text_from_a_machine_is_never_markup(browser: Browser, plant: Plant) -> None:
    hostile = '<img src="/x" onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(plant.folder, folder, dirs_exist_ok=True)
        copy = replace(plant, folder=Path(folder))
        alert = replace(alerts()[0], key="hostile", parameters={**alerts()[0].parameters, "name_en": hostile})
        async with Records(copy.records_url) as records:
            await records.run(lambda connection: write_alerts(connection, [alert]))
        with serving(copy, open_page=True) as at:
            async with opened(browser, at + "/") as page:
                await expect(page.locator("#alerts")).to_contain_text(hostile)
                assert await page.title() == "Riverside Manufacturing Park · parkline"
                assert await page.locator("#alerts img, #alerts script").count() == 0


@pytest.mark.parametrize("width", [390, 820, 1440])
async def test_it_fits_every_screen_in_both_schemes(browser: Browser, address: str, width: int) -> None:
    viewport = {"width": width, "height": 800}
    for scheme in ("light", "dark"):
        async with opened(browser, address + "/", viewport=viewport, color_scheme=scheme) as page:
            await expect(page.locator("#machine .hours li")).to_have_count(24)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            assert await page.evaluate(LEAST_CONTRAST) >= 4.5


async def test_the_documentation_shows_every_operation(browser: Browser, address: str) -> None:
    async with opened(browser, address + "/openapi.json") as page:
        described = await (await page.request.get(address + "/openapi.json")).json()
        described["components"]["securitySchemes"]["oidc"] = {
            "type": "openIdConnect",
            "openIdConnectUrl": "https://login.park.example/.well-known/openid-configuration",
            "description": "a token of login.park.example",
        }
        await page.route("**/openapi.json", partial(Route.fulfill, json=described))
        await page.goto(address + "/docs")
        operations = sum(len(methods) for methods in described["paths"].values())
        assert operations > 10
        await expect(page.locator(".opblock")).to_have_count(operations)
        operation = page.locator("#operations-kpis-listKpis")
        await operation.click()
        await expect(operation).to_contain_text("the newest window in which anything is known")
        await page.locator(".auth-wrapper .authorize").click()
        await expect(page.locator(".auth-container")).to_contain_text(["a token of login.park.example"])
