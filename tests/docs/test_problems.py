"""docs/problems.md: every kind of problem, as the code has it, and when it comes."""

import re

from api.errors import KINDS
from tests.client.making import PROBLEMS, problems_document, sayings

_DOCUMENT = PROBLEMS.read_text(encoding="utf-8")


def test_it_is_as_the_code_has_it() -> None:
    assert problems_document(_DOCUMENT) == _DOCUMENT, "run `make contract`"


def test_every_kind_says_when_it_comes() -> None:
    said = sayings(_DOCUMENT)
    assert said.keys() == KINDS.keys()
    assert [slug for slug, when in said.items() if not re.fullmatch(r"\S.{10,}\.", when)] == [], "write it in there"


def test_what_people_wrote_is_kept() -> None:
    kept = problems_document(_DOCUMENT.replace("· 404 ·", "· 405 ·").replace("## forbidden", "## forgotten"))
    assert {slug: when for slug, when in sayings(kept).items() if when} == {
        slug: when for slug, when in sayings(_DOCUMENT).items() if when and slug != "forbidden"
    }
