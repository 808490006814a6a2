"""Who asked for what."""

from datetime import datetime
from typing import Literal

from api.views.shape import View


class AuditView(View):
    """One row of the audit: what somebody asked, and what they were answered. Rows are added and never changed."""

    number: int
    """Names it; to who sees the whole park its place, from 1, without holes from the first that is kept."""

    at: datetime
    """When it was answered, or when an answer that lasts began or ended."""

    event: Literal["answer", "begin", "end", "missing"]
    """`answer`: a request was answered; `begin` and `end`: an answer that lasts (a stream) began, and ended; `missing`:
    so many rows (`missing`) are not kept, since the records were down too long, or (`status` 429) since they were of
    requests that were refused, too many of one sender."""

    caller: str
    """Id of who asked: `key:<holder>`, the same for every key that was rotated into the next, `oidc:…` or `loopback`;
    empty: nobody known."""

    name: str
    """Their name; empty: nobody known."""

    kind: Literal["key", "oidc", "loopback", "unknown"]
    """How they were known."""

    peer: str
    """The address that the request came from: a proxy's, where there is one."""

    method: str
    """HTTP method; a HEAD is read as GET."""

    operation: str
    """Operation id; empty where the request reached none."""

    path: str
    """Path of the address, decoded; what is not printable is escaped as in `\\n`, and a backslash is written twice. It
    ends in `…` where it was cut."""

    query: str
    """Query of the address as it was sent, escaped likewise; secrets in it are `***`."""

    status: int | None
    """HTTP status; 499: who asked went away before the answer began; null for `missing` that no refusals are."""

    factories: list[str] | None
    """Ids of the factories whose data the caller was granted; null: the whole park, or nobody known."""

    rows: int | None
    """Rows of a list that were answered; null where it was none."""

    bytes: int | None
    """Bytes of the body that were answered, before compression; null where nobody knew yet."""

    duration_s: float | None
    """Seconds from the request to `at`."""

    missing: int
    """How many rows are missing here; 0 for others than `missing`."""

    request_id: str
    """Its id, as answered in the header `X-Request-Id`."""

    hash: str
    """SHA-256 of the hash before it and of the row, in hex: `parkline audit verify` holds all rows against theirs."""
