"""What changed from one period to another, as flat rows."""

from api.views.reports import ChangeView


class DifferenceView(ChangeView):
    """How one number of one path differs between two periods."""

    path: str
    """Of what: the park, a factory, a line or a machine."""
