"""Data changes to columns: the hot path of this adapter, in one pass over the bytes.

A DataChangeNotification is a list of (client handle, DataValue), and a DataValue starts with two bytes that tell its
whole layout where the value is a plain number: which of its six parts are there, and the value's type. So each such
pair has one precompiled `Struct`, and a change costs a table look-up and one unpacking.

    handle u32 │ mask u8 │ type u8, value │ status u32 │ source time i64 │ its ps u16 │ server time i64 │ its ps u16
                 0x01: type, value   0x02: status   0x04: source time   0x10: its ps   0x08: server time   0x20: its ps

That is for Good plain numbers, which nearly all changes are. Whatever is not quite that takes the other way,
`_read_any`, which knows all of OPC UA; for what both know they agree, and a test holds them to it.
Times are ticks of 100 ns and a rest in units of 10 ps: they are kept to the nanosecond.
"""

import struct
from dataclasses import dataclass, field
from struct import Struct
from typing import Final, Literal, NamedTuple, TypeAlias

from adapters.sample import Status, ValueType
from adapters.sources.contract import Point
from adapters.sources.opcua.binary import (
    BOOLEAN,
    DATE_TIME,
    DOUBLE,
    EPOCH,
    FLOAT,
    NUMBERS,
    TICK,
    MalformedError,
    after_variant,
    read_int32,
)
from adapters.sources.opcua.settings import OpcuaAddress
from adapters.sources.opcua.values import LARGEST, UnfitError, Value, read_value

TimeChoice: TypeAlias = Literal["source", "server", "received"]
"""Which timestamp is a sample's time, as in `OpcuaSettings.time`."""

_OVERFLOW: Final = 0x0480
_OVERFLOW_MASK: Final = 0x0C80
"""Of a StatusCode: it tells of a data value (bits 10, 11), and its queue lost values (bit 7). OPC 10000-4, 7.39.1."""

_FIRST_TICK: Final = EPOCH - 2**63 // TICK + 1
_LAST_TICK: Final = EPOCH + LARGEST // TICK - 1
"""The instants that nanoseconds in 64 bits reach: of the years 1677 to 2262."""

_PARTS: Final = ((0x02, "I"), (0x04, "q"), (0x10, "H"), (0x08, "q"), (0x20, "H"))
"""What follows the value, in its order: bit of the mask, and `struct` format."""

_MASKS: Final = 64
_HAS_VALUE: Final = 0x01
_PS: Final = 100
"""Units of 10 ps in a nanosecond."""


@dataclass(slots=True)
class Columns:
    """Changes as columns of one length."""

    handles: list[int] = field(default_factory=list)
    """Client handle: which point."""

    times: list[int] = field(default_factory=list)
    """The chosen time, ns since 1970, UTC."""

    statuses: list[int] = field(default_factory=list)
    """StatusCode."""

    types: list[ValueType | None] = field(default_factory=list)
    """Type of the value on the wire; None where there is none."""

    values: list[Value | None] = field(default_factory=list)
    """The value."""

    received: list[int] = field(default_factory=list)
    """Arrival, ns since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Overflow:
    """A change before which the server's queue lost some."""

    handle: int
    """Which point."""

    time: int
    """Its time, ns since 1970."""

    previous: int | None
    """Time of the point's change before it, ns since 1970; None: it is the first."""

    server: int | None
    """Its server time, ns since 1970; None: it has none."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that cannot become a sample."""

    handle: int
    """Which point; a handle that was never given stands for none."""

    payload: bytes
    """The change as it came, from its handle on."""

    reason: str
    """Why, and what to do."""

    received: int
    """Arrival, ns since 1970, UTC."""


def nanoseconds(ticks: int) -> int | None:
    """Give a DateTime as ns since 1970; None where it is null or too far away to be one."""
    return (ticks - EPOCH) * TICK if _FIRST_TICK <= ticks <= _LAST_TICK else None


class _Layout(NamedTuple):
    """How a change is unpacked, and where its parts then stand; those it lacks stand at -1, where a 0 is put."""

    form: Struct
    type: ValueType | None
    status: int
    time: int
    time_ps: int
    other: int
    other_ps: int
    server: int


class ChangeReader:
    """Reads the data changes of one link into columns; remembers each point's last time."""

    def __init__(self, points: dict[int, Point[OpcuaAddress]], time: TimeChoice) -> None:
        """Read the changes of `points`, by client handle; their time is the one chosen."""
        self.columns = Columns()
        self.refused: list[Refused] = []
        self.overflows: list[Overflow] = []
        self._points = points
        self._last: dict[int, int] = {}
        self._plain = {
            mask << 8 | kind: _layout(mask, kind, time)
            for mask in range(_HAS_VALUE, _MASKS, 2)
            for kind in NUMBERS
            if kind != DATE_TIME
        }
        self._tails = [_layout(mask, None, time) for mask in range(_MASKS)]

    def read(self, body: bytes, received: int) -> None:
        """Add the changes of one DataChangeNotification that arrived at `received`, ns since 1970.

        Raises:
            MalformedError: it breaks the encoding; what stood before the break is added.
        """
        handles, times, statuses = self.columns.handles, self.columns.times, self.columns.statuses
        types, values = self.columns.types, self.columns.values
        plain, points, last = self._plain, self._points, self._last
        before = len(handles)
        at = 4
        try:
            for _ in range(read_int32(body, 0)):
                layout = plain.get(body[at + 4] << 8 | body[at + 5])
                if layout is not None:
                    form, type_, status_at, time_at, time_ps_at, *_ = layout
                    parts = (*form.unpack_from(body, at), 0)
                    handle, value, ticks = parts[0], parts[3], parts[time_at]
                    good = parts[status_at] == 0 and handle in points and -LARGEST <= value <= LARGEST
                    if good and (_FIRST_TICK <= ticks <= _LAST_TICK or time_at == -1):
                        time = (ticks - EPOCH) * TICK + parts[time_ps_at] // _PS if ticks else received
                        handles.append(handle)
                        times.append(time)
                        statuses.append(0)
                        types.append(type_)
                        values.append(value)
                        last[handle] = time
                        at += form.size
                        continue
                at = self._read_any(body, at, received)
        except (IndexError, struct.error) as error:
            msg = f"it ends at byte {len(body)}, within the change at byte {at}"
            raise MalformedError(msg) from error
        finally:
            self.columns.received.extend([received] * (len(handles) - before))

    def _read_any(self, body: bytes, at: int, received: int) -> int:
        """Add or refuse the change at `at`, whatever it is; give the position after it."""
        mask = body[at + 4]
        tail = self._tails[mask % _MASKS]
        tail_at = after_variant(body, at + 5) if mask & _HAS_VALUE else at + 5
        parts = (*tail.form.unpack_from(body, tail_at), 0)
        end = tail_at + tail.form.size
        handle = int.from_bytes(body[at : at + 4], "little")
        status = parts[tail.status]
        try:
            point = self._point(handle)
            time = _time(parts, tail, received)
            found = read_value(body, at + 5, point.type) if status < Status.BAD and mask & _HAS_VALUE else None
        except UnfitError as unfit:
            self.refused.append(Refused(handle, body[at:end], str(unfit), received))
            return end
        if status & _OVERFLOW_MASK == _OVERFLOW:
            server = nanoseconds(parts[tail.server])
            self.overflows.append(Overflow(handle, time, self._last.get(handle), server))
        if found is None and status < Status.BAD:
            status = Status.BAD_NO_DATA
        columns = self.columns
        columns.handles.append(handle)
        columns.times.append(time)
        columns.statuses.append(status)
        columns.types.append(found[0] if found is not None else None)
        columns.values.append(found[1] if found is not None else None)
        self._last[handle] = time
        return end

    def _point(self, handle: int) -> Point[OpcuaAddress]:
        point = self._points.get(handle)
        if point is None:
            msg = f"a change of client handle {handle}, which was never given: a fault of the server"
            raise UnfitError(msg)
        return point


def _time(parts: tuple[int, ...], layout: _Layout, received: int) -> int:
    """Give the chosen time of a change, or the next that it has; ns since 1970."""
    for ticks, ps in ((parts[layout.time], parts[layout.time_ps]), (parts[layout.other], parts[layout.other_ps])):
        if ticks > 0:
            if not _FIRST_TICK <= ticks <= _LAST_TICK:
                msg = f"its time ({ticks} ticks of 100 ns since 1601) is not of the years 1678 to 2261; set the clock"
                raise UnfitError(msg)
            return (ticks - EPOCH) * TICK + ps // _PS
    return received


def _layout(mask: int, kind: int | None, time: TimeChoice) -> _Layout:
    """Lay out a change with a plain number of type `kind`, or (None) what follows any value."""
    form, width = ("<IBB" + NUMBERS[kind], 4) if kind is not None else ("<", 0)
    places = {}
    for bit, part in _PARTS:
        if mask & bit:
            form += part
            places[bit] = width
            width += 1
    source, source_ps, server, server_ps = (places.get(bit, -1) for bit in (0x04, 0x10, 0x08, 0x20))
    chosen, other = (source, source_ps), (server, server_ps)
    if time == "server" or source == -1:
        chosen, other = other, (-1, -1)
    if time == "received":
        chosen = other = (-1, -1)
    type_: ValueType | None = None
    if kind is not None:
        type_ = "bool" if kind == BOOLEAN else "float" if kind in {FLOAT, DOUBLE} else "int"
    return _Layout(Struct(form), type_, places.get(0x02, -1), *chosen, *other, server)
