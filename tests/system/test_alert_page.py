"""Alerts and health on the page: what a maintenance team sees, and what it does there, in both languages."""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from adapters.stores.contract import StoreUnavailableError
from analytics.alerts import Alert
from tests.api.plant import GRINDER, HOB, NOW, PRESS, Plant, alerts, build
from tests.api.server import serving
from tests.system.alarmed import APART, BEHIND, CHANNEL, DOOR, HOSTILE, LATCHED, LINK, RESETTABLE, SHELVED, alarm
from tests.system.browsing import LEAST_CONTRAST, opened

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

HOT = next(one for one in alerts() if one.equipment == HOB and one.active)
"""A limit that is exceeded; nobody knows yet."""


@dataclass(frozen=True, slots=True)
class Alarmed:
    """A park with alerts, served to this machine."""

    address: str
    """Where its API is."""

    key: str
    """A key with the scope `operate`."""

    reader: str
    """A key that may read alone."""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    return build(tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def park(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alarmed]:
    """Give a park that tests read and none changes."""
    copy, key = alarm(plant, tmp_path_factory.mktemp("alarmed"))
    with serving(copy, open_page=True) as at:
        yield Alarmed(at, key, plant.key)


@pytest.fixture
def own(plant: Plant, tmp_path: Path) -> Iterator[Alarmed]:
    """Give a park that the test alone has, and may change."""
    copy, key = alarm(plant, tmp_path)
    with serving(copy, open_page=True) as at:
        yield Alarmed(at, key, plant.key)


def row(page: Page, alert: Alert) -> Locator:
    return page.locator(f'#alerts tr[data-alert="{alert.id}"]')


async def use_key(page: Page, text: str) -> None:
    await page.evaluate("text => sessionStorage.setItem('parkline.key', text)", text)


async def ask_again(page: Page) -> None:
    """Have the page ask now, as when its tab is shown again."""
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def told(horizon: Callable[[], datetime]) -> Callable[[Route], Any]:
    """Give what answers for the sources as if they had told all until then."""

    async def answer(route: Route) -> None:
        response = await route.fetch()
        body = await response.json()
        for source in body["items"]:
            source["horizon"] = source["last_time"] = horizon().isoformat()
        await route.fulfill(response=response, json=body)

    return answer


async def test_open_alerts_come_by_priority_then_time_and_say_how_they_stand(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, park.address + "/", now=NOW) as page:
        shown = page.locator("#alerts table").first.locator("tbody tr")
        await expect(shown).to_have_count(10)
        priorities = await shown.locator(".severity").all_inner_texts()
        assert priorities == ["Critical"] * 2 + ["High"] * 5 + ["Medium"] * 3
        assert await shown.nth(2).get_attribute("data-alert") == CHANNEL.id  # of those with one priority the newest
        await expect(row(page, LATCHED)).to_contain_text("Latched, not acknowledged")
        await expect(row(page, DOOR)).to_contain_text("Returned, not acknowledged")
        await expect(row(page, DOOR)).to_contain_text("12 times")
        await expect(row(page, APART)).to_contain_text("Acknowledged")
        await expect(row(page, APART)).to_contain_text("李工 (maintenance) 2026-11-24 15:25")  # of Shanghai
        await expect(row(page, LINK)).to_contain_text("2026-11-24 06:40")  # of Berlin
        await expect(row(page, APART).get_by_role("button", name="Acknowledge")).to_have_count(0)
        await row(page, APART).get_by_role("button", name="Hobbing machine 2", exact=True).click()
        await expect(page.locator("#machine h2")).to_contain_text("Hobbing machine 2")


async def test_what_is_the_networks_fault_is_of_another_kind(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, park.address + "/", now=NOW) as page:
        await expect(row(page, LINK).locator(".kind")).to_have_text("Network or link")
        await expect(row(page, CHANNEL).locator(".kind")).to_have_text("parkline itself")
        await expect(row(page, HOT)).to_be_visible()
        await expect(row(page, HOT).locator(".kind")).to_have_count(0)
        icon = await row(page, LINK).locator(".kind").evaluate("it => getComputedStyle(it).backgroundImage")
        assert icon.endswith('/web/link.svg")')


async def test_what_nobody_is_told_of_is_folded_by_why(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, park.address + "/", now=NOW, locale="zh-CN") as page:
        folds = page.locator("#alerts .fold")
        await expect(folds.locator("summary")).to_have_text(
            [
                re.compile("^4 条被抑制，原因：injection-opcua：网络或设备连接自 2026-11-24 06:40:00 起中断"),
                "1 条被抑制，原因：设备未运行",
                "1 条已搁置",
                "1 条已停用",
            ]
        )
        await expect(row(page, BEHIND[0])).to_be_hidden()
        await folds.first.locator("summary").click()
        await expect(row(page, BEHIND[0])).to_be_visible()
        await page.locator("#language").click()  # all is drawn anew
        await expect(folds.first.locator("summary")).to_contain_text("4 suppressed by: Network or device link")
        await expect(row(page, BEHIND[0])).to_be_visible()
        await expect(row(page, SHELVED)).to_be_hidden()


async def test_a_choice_of_priority_and_state_stays_in_the_address(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, park.address + "/", now=NOW) as page:
        shown = page.locator("#alerts-open > .scroll tbody tr")
        await expect(shown).to_have_count(10)
        await page.locator("#alerts .filter[data-priority=critical]").click()
        await expect(shown).to_have_count(2)
        await page.locator("#alerts .filter[data-priority=medium]").click()
        await expect(shown).to_have_count(5)
        await page.get_by_label("Show", exact=True).select_option("latched")
        await expect(shown).to_have_count(1)
        await expect(page).to_have_url(re.compile(r"\?priority=critical,medium&state=latched$"))
        await page.reload()
        await expect(shown).to_have_count(1)
        await page.get_by_label("Show", exact=True).select_option("shelved")
        await expect(page.locator("#alerts")).to_contain_text("No open alert fits what is chosen.")
        await page.get_by_role("button", name="Show all open").click()
        await expect(shown).to_have_count(10)


async def test_an_alert_tells_which_signals_moved_and_all_that_happened(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, f"{park.address}/#/{HOB}?alert={APART.id}", now=NOW) as page:
        dialog = page.locator("#alert")
        await expect(dialog.locator("h2")).to_have_text(re.compile("^Hobbing machine 2: signals no longer behave"))
        shares = dialog.locator(".shares li")
        await expect(shares.first).to_have_text(re.compile(r"Spindle temperature.*62\.0%"))
        widths = await shares.locator(".fill").evaluate_all("them => them.map(it => it.getBoundingClientRect().width)")
        assert [round(width / sum(widths), 2) for width in widths] == [0.62, 0.25, 0.13]
        await expect(dialog.locator(".events strong")).to_have_text(["Comment", "Acknowledged", "Raised"])
        await expect(dialog.locator(".events time").last).to_have_text("2026-11-24 15:01:02")
        await expect(dialog.locator(".events")).to_contain_text("轴承已订货，周四更换")
        await dialog.get_by_label("Close").click()
        await expect(dialog).to_be_hidden()
        await expect(page).to_have_url(f"{park.address}/#/{HOB}")


async def test_the_words_of_people_and_machines_are_never_markup(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, f"{park.address}/#/{HOB}?alert={APART.id}", now=NOW) as page:
        await expect(page.locator("#alert .events")).to_contain_text(HOSTILE)
        assert await page.title() == "Riverside Manufacturing Park · parkline"
        assert await page.locator("#alert img, #alert script").count() == 0


async def test_who_may_not_write_is_asked_for_a_key_that_may(browser: Browser, own: Alarmed) -> None:
    async with opened(browser, own.address + "/", now=NOW, locale="zh-CN", well=False) as page:
        await row(page, HOT).get_by_role("button", name="确认").click()
        dialog, asked = page.locator("#alert"), page.locator("#key")
        await dialog.get_by_label("备注（可选）").fill("已派人检查冷却")
        await dialog.get_by_label("姓名").fill("王师傅")
        send = dialog.locator("form button[type=submit]")
        await send.click()
        await expect(asked).to_contain_text("需要有操作权限的密钥")
        await expect(asked).to_contain_text("parkline key create NAME --role maintenance")
        await asked.get_by_role("button", name="取消").click()
        await expect(dialog.locator(".wrong")).to_have_text("未执行：需要有操作权限的密钥。")
        await send.click()
        await asked.get_by_label("密钥").fill(own.reader)
        await asked.get_by_role("button", name="继续").click()
        await expect(asked).to_contain_text("lacks the scope 'alerts'")
        await asked.get_by_label("密钥").fill(own.key)
        await asked.get_by_role("button", name="继续").click()
        await expect(dialog.locator(".events li").first).to_contain_text("王师傅 (maintenance)")
        await expect(dialog.locator(".events li").first).to_contain_text("已派人检查冷却")
        await expect(dialog.locator("form")).to_have_count(0)
        await expect(row(page, HOT)).to_contain_text("已确认")
        await expect(page.locator("#tile-alerts .severity[data-priority=high]")).to_have_text("高 5")
        assert own.key not in await page.evaluate("JSON.stringify(localStorage) + document.cookie + location.href")


async def test_an_alert_is_shelved_with_a_reason_and_taken_off(browser: Browser, own: Alarmed) -> None:
    address = f"{own.address}/#/{GRINDER}?alert={DOOR.id}"
    async with opened(browser, address, now=NOW) as page:
        await use_key(page, own.key)
        dialog = page.locator("#alert")
        await dialog.get_by_role("button", name="Shelve", exact=True).click()
        await expect(dialog.locator("form")).to_contain_text("until the end of the day · 2026-11-25 00:00")
        await dialog.get_by_label("for 8 h").check()
        await dialog.locator("form button[type=submit]").click()
        assert await dialog.get_by_label("Reason").evaluate("it => it.validity.valueMissing")
        await dialog.get_by_label("Reason").fill("door switch is being changed")
        await dialog.locator("form button[type=submit]").click()
        await expect(dialog.locator(".alarm")).to_have_text("Shelved")
        await expect(dialog.locator(".facts")).to_contain_text("2026-11-25 00:15")
        await expect(dialog.locator(".events li").first).to_contain_text("door switch is being changed")
        await dialog.get_by_role("button", name="Take off the shelf").click()
        await dialog.locator("form button[type=submit]").click()
        await expect(dialog.locator(".alarm")).to_have_text("Returned, not acknowledged")


async def test_a_comment_is_kept_while_the_page_asks_again(browser: Browser, own: Alarmed) -> None:
    async with opened(browser, f"{own.address}/#/{GRINDER}?alert={LATCHED.id}", now=NOW) as page:
        await use_key(page, own.key)
        dialog = page.locator("#alert")
        await dialog.get_by_role("button", name="Comment").click()
        await dialog.get_by_label("Comment").fill("who pressed")
        async with page.expect_response(lambda answer: LATCHED.id in answer.url):
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.keyboard.type(" it?")
        await dialog.locator("form button[type=submit]").click()
        await expect(dialog.locator(".events li").first).to_contain_text("who pressed it?")


async def test_what_latched_is_reset(browser: Browser, own: Alarmed) -> None:
    async with opened(browser, f"{own.address}/#/{GRINDER}?alert={RESETTABLE.id}", now=NOW) as page:
        await use_key(page, own.key)
        dialog = page.locator("#alert")
        await dialog.get_by_role("button", name="Reset").click()
        await dialog.locator("form button[type=submit]").click()
        await expect(dialog.locator(".alarm")).to_have_text("Closed")
        await expect(dialog.locator(".alert-deeds button")).to_have_text(["Comment"])


async def test_an_error_says_what_to_do(browser: Browser, park: Alarmed) -> None:
    async with opened(
        browser, f"{park.address}/#/{HOB}?alert={LINK.id}", now=NOW.replace(year=2027), well=False
    ) as page:
        await use_key(page, park.key)
        dialog = page.locator("#alert")
        await dialog.get_by_role("button", name="Shelve", exact=True).click()
        await dialog.get_by_label("Reason").fill("known")
        await dialog.locator("form button[type=submit]").click()
        wrong = dialog.locator("form .wrong")
        await expect(wrong).to_have_text("nothing is shelved for longer than 7 days; take it out of service instead")
        await expect(dialog.get_by_label("Reason")).to_have_value("known")


async def test_a_fault_of_the_page_after_a_deed_is_not_taken_for_silence(browser: Browser, own: Alarmed) -> None:
    async def spoil(route: Route) -> None:
        response = await route.fetch()
        await route.fulfill(response=response, json={**await response.json(), "events": None})

    async with opened(browser, f"{own.address}/#/{GRINDER}?alert={LATCHED.id}", now=NOW, well=False) as page:
        await use_key(page, own.key)
        await page.route("**/comments", spoil)
        dialog = page.locator("#alert")
        await dialog.get_by_role("button", name="Comment").click()
        await dialog.get_by_label("Comment").fill("who pressed it?")
        async with page.expect_event("pageerror") as fault:
            await dialog.locator("form button[type=submit]").click()
        assert "null" in str(await fault.value)
        await expect(dialog.locator(".wrong")).to_have_text("")
        await expect(dialog.locator("form")).to_have_count(0)
        await expect(dialog.locator(".events .comment")).to_have_text(["who pressed it?"])


async def test_an_api_that_is_silent_leaves_open_what_became_of_a_deed(browser: Browser, own: Alarmed) -> None:
    async with opened(browser, f"{own.address}/#/{GRINDER}?alert={LATCHED.id}", now=NOW, well=False) as page:
        await use_key(page, own.key)
        await page.route("**/comments", lambda route: route.abort())
        dialog = page.locator("#alert")
        await dialog.get_by_role("button", name="Comment").click()
        await dialog.get_by_label("Comment").fill("who pressed it?")
        await dialog.locator("form button[type=submit]").click()
        await expect(dialog.locator("form .wrong")).to_contain_text("The API does not answer")
        await expect(dialog.get_by_label("Comment")).to_have_value("who pressed it?")


async def test_an_address_decides_which_alert_is_read(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, f"{park.address}/#/{GRINDER}", now=NOW) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        dialog = page.locator("#alert")
        await expect(page.locator("#machine h2")).to_contain_text("Grinding machine 1")
        await page.evaluate("hash => { location.hash = hash }", f"#/{HOB}?alert={APART.id}")
        await expect(dialog.locator("h2")).to_contain_text("Hobbing machine 2")
        await expect(page.locator("#machine h2")).to_contain_text("Hobbing machine 1")
        assert len([url for url in asked if f"/alerts/{APART.id}" in url]) == 1
        await page.evaluate("hash => { location.hash = hash }", f"#/{GRINDER}")
        await expect(dialog).to_be_hidden()
        await expect(page.locator("#machine h2")).to_contain_text("Grinding machine 1")
        await expect(page).to_have_url(f"{park.address}/#/{GRINDER}")


async def test_while_the_store_is_down_alerts_are_shown_and_acknowledged(
    browser: Browser, plant: Plant, tmp_path: Path
) -> None:
    copy, key = alarm(plant, tmp_path)
    troubles: list[Exception] = [StoreUnavailableError("influxdb http://10.20.0.5:8086", "connection refused")]
    with serving(copy, open_page=True, troubles=troubles) as at:
        async with opened(browser, f"{at}/#/{HOB}?alert={HOT.id}", now=NOW, well=False) as page:
            await use_key(page, key)
            dialog, notice = page.locator("#alert"), page.locator("#notice")
            await dialog.get_by_role("button", name="Acknowledge").click()
            await dialog.locator("form button[type=submit]").click()
            await expect(dialog.locator(".alarm")).to_have_text("Acknowledged")
            await dialog.get_by_label("Close").click()
            await expect(row(page, HOT)).to_contain_text("Acknowledged")
            await expect(notice).to_contain_text("The store does not answer")
            await expect(page.locator("#tile-alerts .severity").first).to_have_text("Critical 2")
            await expect(page.locator("#tile-utilisation .note")).to_have_text("not read yet")
            await expect(page.locator("#machine-condition .short-alerts li")).to_have_count(2)
            await expect(page.locator("#machine-standing")).to_contain_text("not read yet")
            await expect(page.locator("#gaps tbody tr")).to_have_count(3)  # the records know
            troubles_then, troubles[:] = list(troubles), []
            await ask_again(page)
            await expect(notice).to_be_empty()
            await expect(page.locator("#tile-utilisation .figure")).to_have_text(re.compile("%$"))
            await expect(page.locator("#machine .hours li")).to_have_count(24)
            troubles[:] = troubles_then
            await page.locator(f'[data-path="{GRINDER}"]').click()
            await expect(page.locator("#machine h2")).to_contain_text("Grinding machine 1")
            await expect(page.locator("#machine-standing")).to_contain_text("not read yet")  # not as the other stands
            await expect(page.locator("#machine .hours")).to_have_count(0)
            await expect(notice).to_contain_text("The store does not answer")


async def test_how_long_an_alert_lasts_goes_on_while_no_data_come(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, park.address + "/", now=NOW) as page:
        await page.route("**/api/v1/sources*", told(lambda: LINK.began - timedelta(seconds=3)))
        await page.reload()
        await expect(row(page, LINK)).to_contain_text("for 2 h 35 min")  # of no machine: by this machine's clock
        await expect(row(page, CHANNEL)).to_contain_text("for 12 min")
        stale = page.locator("#alerts tr.machine.active", has_text="HYDRAULIC PRESSURE LOST")
        await expect(stale).to_contain_text("for 2 h 42 min")  # of a machine whose link is down
        await expect(row(page, APART)).to_contain_text("for 0 s")  # of one that tells the time itself


async def test_a_choice_that_is_open_stays_while_data_come(browser: Browser, park: Alarmed) -> None:
    came = [NOW]
    async with opened(browser, park.address + "/", now=NOW) as page:
        await page.route("**/api/v1/sources*", told(lambda: came[0]))
        await page.reload()
        await expect(row(page, APART)).to_contain_text("for 1 h 14 min")
        mark = "them => them.forEach(it => it.setAttribute('data-held', ''))"
        await page.locator("#alerts select, #alerts .filter, #alerts tbody tr").evaluate_all(mark)
        held, controls = page.locator("#alerts [data-held]"), page.locator("#alerts .filters [data-held]")
        number = await held.count()
        assert number > await controls.count() == 5

        async def come(past: timedelta) -> None:
            came[0] += past
            await page.locator("#sources tbody tr").evaluate_all(mark)
            await ask_again(page)
            await expect(page.locator("#sources tr[data-held]")).to_have_count(0)  # shown anew, after the alerts

        await come(timedelta(seconds=5))
        assert await held.count() == number
        await come(timedelta(minutes=1))
        assert await controls.count() == 5
        await expect(row(page, APART)).to_contain_text("for 1 h 15 min")


async def test_a_fault_of_the_page_is_told_and_it_goes_on(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, park.address + "/", now=NOW, well=False) as page:
        await expect(row(page, APART)).to_be_visible()
        await page.route(
            "**/api/v1/sources*", lambda route: route.fulfill(json={"items": [{}, None], "next_page_token": None})
        )
        async with page.expect_event("pageerror"):
            await ask_again(page)
        await expect(page.locator("#notice")).to_contain_text("The page has a fault")
        await page.unroute("**/api/v1/sources*")
        await ask_again(page)
        await expect(page.locator("#notice")).to_be_empty()


async def test_an_alert_that_is_not_there_says_so(browser: Browser, park: Alarmed) -> None:
    async with opened(browser, f"{park.address}/#/{HOB}?alert={'0' * 16}", now=NOW, well=False) as page:
        await expect(page.locator("#alert")).to_contain_text("There is no such alert")
        await page.locator("#alert").get_by_label("Close").click()
        await expect(page.locator("#machine h2")).to_contain_text("Hobbing machine 1")


@pytest.mark.parametrize(
    ("locale", "word", "cost"),
    [
        ("en-GB", "to be watched", "Trend towards a limit · Spindle temperature"),
        ("zh-CN", "需关注", "趋势预警 · 主轴温度"),
    ],
)
async def test_a_machine_shows_its_health_and_its_alerts(
    browser: Browser, park: Alarmed, locale: str, word: str, cost: str
) -> None:
    async with opened(browser, f"{park.address}/#/{GRINDER}", now=NOW, locale=locale) as page:
        condition = page.locator("#machine-condition")
        await expect(condition.locator(".health")).to_contain_text("52.2")
        await expect(condition.locator(".health")).to_contain_text(word)
        await expect(condition.locator(".costs li")).to_have_count(3)
        await expect(condition.locator(f'[data-part="trend {GRINDER}/spindle_temperature"]')).to_contain_text(cost)
        await expect(condition.locator(".costs .number")).to_have_text(["−30", "−15", "−2.8"])
        await expect(condition.locator(".short-alerts li").first).to_have_attribute("data-alert", LATCHED.id)
        await condition.locator(".short-alerts button").first.click()
        await expect(page.locator("#alert h2")).to_contain_text("EMERGENCY STOP")


async def test_the_overview_counts_open_alerts_and_names_the_machines_that_are_worst(
    browser: Browser, park: Alarmed
) -> None:
    async with opened(browser, park.address + "/", now=NOW) as page:
        counted = page.locator("#tile-alerts .severity")
        await expect(counted.first).to_have_text("Critical 2")
        await expect(page.locator("#tile-alerts .note")).to_have_text("and 7 shelved or suppressed")
        lowest = page.locator("#tile-health li")
        await expect(lowest).to_have_count(3)
        await expect(lowest.first).to_contain_text("10")
        await lowest.first.get_by_role("button", name="Injection press 1").click()
        await expect(page).to_have_url(f"{park.address}/#/{PRESS}")


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
async def test_alerts_fit_every_screen_in_both_schemes(
    browser: Browser, park: Alarmed, width: int, locale: str
) -> None:
    for scheme in ("light", "dark"):
        view: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "locale": locale}
        async with opened(browser, f"{park.address}/#/{GRINDER}", now=NOW, **view) as page:
            await expect(page.locator("#alerts .fold summary")).to_have_count(4)
            for fold in await page.locator("#alerts .fold summary").all():
                await fold.click()
            await row(page, APART).locator("button.message").click()
            await page.locator("[data-deed=shelve]").click()
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            assert await page.locator("#alert").evaluate("it => it.scrollWidth <= it.clientWidth")
            assert await page.evaluate(LEAST_CONTRAST) >= 4.5
