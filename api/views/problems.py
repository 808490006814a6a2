"""The kinds of problems."""

from api.views.shape import View


class KindView(View):
    """One kind of problem."""

    type: str
    """URI of the kind, relative to the API."""

    status: int
    """The HTTP status it is answered with."""

    title: str
    """What it is."""

    remedy: str
    """What to do about it."""
