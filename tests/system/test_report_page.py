"""The report as a page in a real browser: under its policy, in both languages, on a phone and on paper."""

import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.api.plant import HOB, Plant, build
from tests.api.server import serving

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

ASKED: Final = (
    f"/api/v1/reports/page?path={HOB}&start=2026-11-22T16:00:00Z&end=2026-11-24T16:00:00Z"
    "&before_start=2026-11-20T16:00:00Z&before_end=2026-11-22T16:00:00Z"
)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    return build(tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def address(plant: Plant) -> Iterator[str]:
    """Give the address of an API that is open to this machine."""
    with serving(plant, open_page=True) as at:
        yield at


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Give a running Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is not installed; install it with `apt install chromium`")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield running
        await running.close()


@pytest.mark.parametrize(
    ("lang", "title", "heading"),
    [("zh", "1 号滚齿机", "停机原因帕累托"), ("en", "Hobbing machine 1", "Stops by reason")],
)
@pytest.mark.parametrize("width", [390, 1100])
async def test_it_is_drawn_whole_under_its_policy(
    browser: Browser, address: str, lang: str, title: str, heading: str, width: int
) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{address}{ASKED}&lang={lang}")
    await expect(page.locator("h1")).to_have_text(title)
    await expect(page.locator("h2", has_text=heading)).to_be_visible()
    await expect(page.locator("svg.plot")).to_have_count(3)
    assert await page.locator("main").evaluate("main => getComputedStyle(main).backgroundColor") == "rgb(255, 255, 255)"
    bars = await page.locator("svg.plot").first.locator("path[fill='#2c9c69'], path[fill='#8ecfb0']").count()
    assert bars == 2  # a bar per day keeps its colour
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    assert len(asked) == 1
    paper = await page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594" in paper or b"/MediaBox [0 0 595" in paper  # A4 in points
    await page.close()
