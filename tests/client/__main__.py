"""`make contract`: write docs/openapi.json, the page's client and docs/problems.md as the code is now."""

from tests.client.making import make

make()
