"""The page in a real browser, and what is held of every page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from playwright.async_api import Browser, Page

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""How Chromium is kept from asking for anything but the page."""


@dataclass
class Heard:
    """What a browser complains about while it shows a page, and where it asks."""

    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def opened(
    browser: Browser, url: str, *, well: bool = True, now: datetime | None = None, **options: Any
) -> AsyncIterator[Page]:
    """Open a page in a profile of its own, whose clock stands at `now`.

    Holds that it asks its own server alone and, if `well`, that the browser complains of nothing.
    """
    heard = Heard()
    context = await browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1440, "height": 900}, **options})
    page = await context.new_page()
    page.on("console", lambda message: heard.complaints.append(message.text))
    page.on("pageerror", lambda error: heard.complaints.append(str(error)))
    page.on("request", lambda request: heard.asked.append(request.url))
    if now is not None:
        await page.clock.set_fixed_time(now)
    await page.goto(url)
    yield page
    await context.close()
    home = re.match(r"http://[^/]+/", url)
    assert home is not None
    assert heard.asked
    assert [one for one in heard.asked if not one.startswith((home[0], "data:"))] == []
    if well:
        assert heard.complaints == [], heard.complaints


LEAST_CONTRAST: Final = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  let least = 21;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !element.checkVisibility() || element.closest(".zero")) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
    least = Math.min(least, (one + 0.05) / (other + 0.05));
  }
  return least;
}"""
"""Gives the least contrast of any text with its ground (WCAG 2.2, 1.4.3: 4.5 or more); what is zero is greyed on
purpose."""
