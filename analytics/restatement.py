"""Restatement: what becomes of numbers that were told already when their windows are computed again.

    new, stored ─► per window ─┬─ not stored yet       written as it is
                               ├─ its end moved on     written; it grew, and keeps its version
                               ├─ a number is another  written with the next version; the old one is superseded
                               ├─ its write broke off  written again with the version that it was about to get
                               └─ nothing is another   not written

A number is another when it became null or came to be, or when it or its coverage differs by more than `SAME`; and so is
a window whose name or end is another, but for an end that moved on, which is growth. A calendar moves ends too: by a
minute at least, and says so among the causes; that is a restatement. Seconds by reason (`loss:…`) of which there are
none any more are written as 0, and are taken for 0 where there were none before. So are the stops by reason beside them
(`stops:…`), but that those which come with new seconds change nothing by themselves: an older parkline did not count.

A KPI that a window did not have, since an older parkline stored it, is added to its version. A note that is another is
written beside its number, which stays the version and the time at which it was computed.

    new, stored   columns of `adapters.stores.contract.RESULTS`
    causes        path: str   start, end: datetime[us, UTC]   cause: str     of a machine or of what is above it
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
import polars as pl

from adapters.stores.contract import RESULTS
from analytics.kpis.catalogue import KPIS
from analytics.spans import MOMENT
from analytics.touched import Cause

SUPERSEDED: Final = pl.Schema(
    {
        "path": pl.String(),
        "period": pl.String(),
        "name": pl.String(),
        "start": MOMENT,
        "end": MOMENT,
        "version": pl.Int64(),
        "computed": MOMENT,
        "made_for": pl.String(),
        "reason": pl.String(),
        "coverage": pl.Float64(),
        "values": pl.String(),
    }
)
"""Columns of versions of windows that count no more: the window, its number and when it was computed as they were,
`made_for` why it was told (empty for the first), `reason` why it was replaced, `coverage` of its KPIs, and `values`, a
JSON object {KPI: [value, note]}."""

RESTATEMENTS: Final = pl.Schema({**SUPERSEDED, "replaced": MOMENT})
"""Columns of what has been restated: those of `SUPERSEDED`, and when the next version took its place."""

CHANGES: Final = pl.Schema(
    {
        "path": pl.String(),
        "period": pl.String(),
        "start": MOMENT,
        "version": pl.Int64(),
        "kpi": pl.String(),
        "before": pl.Float64(),
        "after": pl.Float64(),
        "note_before": pl.String(),
        "note_after": pl.String(),
    }
)
"""Columns of what a version said otherwise than the next one."""

SAME: Final = 1e-9
"""Numbers that differ by no more than this part of the greater one are the same."""

INSTANT: Final = 1e-6
"""Seconds that differ by no more than this are the same, however few: instants have microseconds."""

LOSS: Final = "loss:"
"""What the names of seconds by reason begin with: `loss:<loss>/<reason>`."""

STOPS: Final = "stops:"
"""What the names of stops by reason begin with, how many began in the window: `stops:<loss>/<reason>`."""

WINDOW: Final = ("path", "period", "start")
"""What tells a window apart."""

_RESULT: Final = (*WINDOW, "kpi")
_LEVELS: Final = (1, 2, 3)
"""Parts of the paths of factories, lines and machines."""

_CALENDAR: Final = timedelta(minutes=1)
_ORDER: Final = {cause.value: number for number, cause in enumerate(Cause)}
_SECONDS: Final = tuple(kpi.slug for kpi in KPIS if kpi.unit == "s")
_IS_LOSS: Final = pl.col("kpi").str.starts_with(LOSS)
_BY_REASON: Final = _IS_LOSS | pl.col("kpi").str.starts_with(STOPS)


def restated(new: pl.DataFrame, stored: pl.DataFrame, causes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tell what to write of windows that were computed, and what it replaces.

    Args:
        new: every number of the windows, as they are now; all rows of a window have one `computed`.
        stored: the numbers that are stored of them; of other windows nothing comes.
        causes: why they were computed: a cause holds for the windows of its path, and of all above, that it overlaps.
            The park is the path without `/` under which no machine of `new` and no cause lies.

    Returns:
        Columns of `RESULTS`, in the order of `new`; and columns of `SUPERSEDED`, by path, period and start.
    """
    if stored.is_empty():
        return new.select(RESULTS.names()), SUPERSEDED.to_frame()
    rows = _beside(pl.concat([new.select(RESULTS.names()), _vanished(new, stored)]), stored)
    windows = _windows(rows, stored, _reasons(new, causes))
    fates = rows.join(windows, on=WINDOW, how="left", maintain_order="left")
    whole = pl.col("fate") != "same"
    number_stays = pl.col("was_version").is_not_null()
    version = pl.when(fate="first").then("version").when(fate="restated").then(pl.col("told") + 1).otherwise("told")
    reason = (
        pl.when(fate="first")
        .then("reason")
        .when(pl.col("fate").is_in(["restated", "torn"]))
        .then("causes")
        .otherwise("told_for")
    )
    written = fates.filter(whole | ~number_stays | (pl.col("note") != pl.col("was_note"))).with_columns(
        version=version,
        reason=reason,
        computed=pl.when(~whole & number_stays).then("was_computed").otherwise("computed"),
    )
    replaced = windows.filter(fate="restated").select(*WINDOW, because="causes")
    return written.select(RESULTS.names()), _superseded(stored, replaced)


def as_of(results: pl.DataFrame, restatements: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Give the numbers of windows as they were known at an instant.

    Args:
        results: the numbers as they are stored: columns of `RESULTS`.
        restatements: what they have replaced: columns of `RESTATEMENTS`.
        at: the instant, UTC.

    Returns:
        Columns of `RESULTS`, by path, period, start and KPI. Windows that were told for the first time, or were still
        growing, after that instant have none.
    """
    instant = pl.lit(at.astimezone(UTC), MOMENT)
    known, later = results.filter(pl.col("computed") <= instant), results.filter(pl.col("computed") > instant)
    then = restatements.filter((pl.col("computed") <= instant) & (pl.col("replaced") > instant))
    then = then.join(later.select(WINDOW).unique(), on=WINDOW, how="semi").sort("version").unique(WINDOW, keep="last")
    edges = then.select(*WINDOW, "name", "end", "computed", "version", "coverage", reason="made_for")
    past = (
        later.select(_RESULT)
        .join(values_of(then).drop("version"), on=_RESULT, how="inner")
        .join(edges, on=WINDOW, how="inner")
        .with_columns(coverage=pl.when(~_BY_REASON).then("coverage"))
    )
    return pl.concat([known, past.select(RESULTS.names())]).sort(_RESULT)


def changes(restatements: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """Tell in which numbers each version differs from the next one.

    Args:
        restatements: columns of `SUPERSEDED`, at least; of a window all versions after the first one in question.
        results: the stored numbers of these windows: columns of `RESULTS`, at least its key, value, version and note.

    Returns:
        Columns of `CHANGES`, by path, period, start, version and KPI.
    """
    before = values_of(restatements)
    stored = results.select(*_RESULT, "version", "value", "note")
    after = pl.concat([stored, before.select(stored.columns)])
    # Of two with one version, which a write that broke off leaves, the stored one counts.
    after = after.unique([*_RESULT, "version"], keep="first")
    one_on = before.with_columns(pl.col("version") + 1)
    both = one_on.join(after, on=[*_RESULT, "version"], how="full", coalesce=True, suffix="_after")
    followed = one_on.join(after, on=[*WINDOW, "version"], how="semi")
    in_both = pl.col("note").is_not_null() & pl.col("note_after").is_not_null()
    nothing = pl.when(_IS_LOSS).then(0.0)
    found = (
        both.join(followed, on=[*WINDOW, "version"], how="semi")
        .filter(in_both | _IS_LOSS)
        .with_columns(before=pl.coalesce("value", nothing), after=pl.coalesce("value_after", nothing))
    )
    return (
        found.filter(_differs(pl.col("after"), pl.col("before")))
        .select(
            *WINDOW,
            pl.col("version") - 1,
            "kpi",
            "before",
            "after",
            note_before=pl.col("note").fill_null(""),
            note_after=pl.col("note_after").fill_null(""),
        )
        .sort(*WINDOW, "version", "kpi")
    )


def values_of(superseded: pl.DataFrame) -> pl.DataFrame:
    """Give the numbers in `values`, a row each: path, period, start, version, kpi, value and note."""
    texts = superseded["values"]
    told = [[(kpi, *numbers) for kpi, numbers in orjson.loads(text).items()] for text in texts]
    rows = superseded.select(*WINDOW, "version").select(
        pl.all().repeat_by(pl.Series([len(one) for one in told], dtype=pl.UInt32)).explode(empty_as_null=False)
    )
    schema = pl.Schema({"kpi": pl.String(), "value": pl.Float64(), "note": pl.String()})
    return pl.concat(
        [rows, pl.DataFrame([row for one in told for row in one], schema=schema, orient="row")], how="horizontal"
    )


def _vanished(new: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Give the seconds and stops by reason that new windows do not have any more: 0 of each."""
    told = stored.filter(_BY_REASON).select(_RESULT).join(new.select(_RESULT), on=_RESULT, how="anti")
    edges = new.select(*WINDOW, "name", "end", "computed", "version", "reason").unique(WINDOW)
    gone = told.join(edges, on=WINDOW, how="inner")
    return gone.with_columns(value=pl.lit(0.0), coverage=pl.lit(None, pl.Float64), note=pl.lit("")).select(
        RESULTS.names()
    )


def _beside(new: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Put what is stored beside each new number, as `was_…`; null where nothing is."""
    was = {f"was_{name}": name for name in ("value", "coverage", "note", "name", "version", "computed")}
    return new.join(stored.select(*_RESULT, **was), on=_RESULT, how="left", maintain_order="left")


def _windows(rows: pl.DataFrame, stored: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """Tell what becomes of each new window.

    Returns:
        path, period, start; `fate`: first, grown, restated, torn or same; `told`, `told_for`: the stored version and
        its reason; `causes`: why it was computed.
    """
    there = pl.col("was_version").is_not_null()
    some = there & _IS_LOSS
    appeared = ~there & _IS_LOSS & _differs(pl.col("value"), pl.lit(0.0))
    another = there & (
        _differs(pl.col("value"), pl.col("was_value"))
        | _differs(pl.col("coverage"), pl.col("was_coverage"))
        | (pl.col("name") != pl.col("was_name"))
    )
    new = rows.group_by(WINDOW).agg(
        pl.col("end").max(),
        there=there.any(),
        changed=another.any() | (some.any() & appeared.any()),
        torn=(pl.col("was_version") < pl.col("was_version").max()).any(),
    )
    told = stored.group_by(WINDOW).agg(
        ended=pl.col("end").max(),
        told=pl.col("version").max(),
        told_for=pl.col("reason").filter(pl.col("version") == pl.col("version").max()).first(),
    )
    later = pl.col("end") > pl.col("ended")
    planned = pl.col("calendar") & (pl.col("end") - pl.col("ended") >= _CALENDAR)
    fate = (
        pl.when(~pl.col("there"))
        .then(pl.lit("first"))
        .when(later & ~planned)
        .then(pl.lit("grown"))
        .when("torn")
        .then(pl.lit("torn"))
        .when(pl.col("changed") | (pl.col("end") != pl.col("ended")))
        .then(pl.lit("restated"))
        .otherwise(pl.lit("same"))
    )
    joined = new.join(told, on=WINDOW, how="left").join(reasons, on=WINDOW, how="left")
    return joined.with_columns(
        pl.col("causes").fill_null(Cause.ASKED.value), pl.col("calendar").fill_null(value=False)
    ).select(*WINDOW, "told", "told_for", "causes", fate=fate)


def _reasons(new: pl.DataFrame, causes: pl.DataFrame) -> pl.DataFrame:
    """Give why windows were computed: path, period, start, `causes` in one text, and whether the `calendar` is one."""
    parts = causes["path"].str.split("/")
    above = [causes.with_columns(path=parts.list.head(n).list.join("/")) for n in _LEVELS]
    every = pl.concat([causes.with_columns(path=pl.lit("")), *above]).select(
        "path", "cause", since="start", until="end"
    )
    top = pl.concat([new["path"].filter(new["path"].str.contains("/")), causes["path"]]).str.split("/").list.first()
    park = ~pl.col("path").str.contains("/") & ~pl.col("path").is_in(top.unique().implode())
    windows = (
        new.group_by(WINDOW).agg(pl.col("end").max()).with_columns(of=pl.when(park).then(pl.lit("")).otherwise("path"))
    )
    touching = windows.join(every.unique(), left_on="of", right_on="path", how="inner").filter(
        (pl.col("since") < pl.col("end")) & (pl.col("until") > pl.col("start"))
    )
    rank = pl.col("cause").replace_strict(_ORDER, default=len(_ORDER), return_dtype=pl.UInt8)
    return (
        touching.select(*WINDOW, "cause", rank=rank)
        .unique()
        .sort("rank", "cause")
        .group_by(WINDOW, maintain_order=True)
        .agg(causes=pl.col("cause").str.join(", "), calendar=(pl.col("cause") == Cause.CALENDAR.value).any())
    )


def _differs(value: pl.Expr, was: pl.Expr) -> pl.Expr:
    """True where two values are not the same, of which either may be null."""
    seconds = pl.col("kpi").is_in(_SECONDS) | _IS_LOSS
    size = pl.max_horizontal(value.abs(), was.abs()) * SAME
    allowed = pl.max_horizontal(size, pl.when(seconds).then(INSTANT).otherwise(SAME))
    apart = ((value - was).abs() > allowed).fill_null(value=True)
    return value.ne_missing(was) & apart


def _superseded(stored: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """Give stored windows as columns of `SUPERSEDED`, each with its `because`."""
    rows = stored.join(replaced, on=WINDOW, how="inner").sort(_RESULT)
    number = pl.when(pl.col("value").is_finite()).then(pl.col("value").cast(pl.String)).otherwise(pl.lit("null"))
    told = pl.concat_str(_quoted(rows["kpi"]), pl.lit(":["), number, pl.lit(","), _quoted(rows["note"]), pl.lit("]"))
    newest = pl.col("version") == pl.col("version").max()
    return (
        rows.with_columns(told=told)
        .group_by(WINDOW, maintain_order=True)
        .agg(
            pl.col("name", "end").filter(newest).first(),
            pl.col("version").max(),
            pl.col("computed").min(),
            made_for=pl.col("reason").filter(newest).first(),
            reason=pl.col("because").first(),
            coverage=pl.col("coverage").drop_nulls().first(),
            values=pl.concat_str(pl.lit("{"), pl.col("told").str.join(","), pl.lit("}")),
        )
        .select(SUPERSEDED.names())
    )


def _quoted(texts: pl.Series) -> pl.Expr:
    """Write texts as JSON, each one once."""
    there = texts.unique()
    written = pl.Series([orjson.dumps(text).decode() for text in there], dtype=pl.String)
    return pl.col(texts.name).replace_strict(there, written, return_dtype=pl.String)


def told_by_reason(results: pl.DataFrame) -> pl.DataFrame:
    """Give the seconds and stops by reason among stored results, in any order.

    Returns:
        path, period, start, end, loss, reason, seconds, stops: f64 (null where an older parkline did not count them).
    """
    window = ("path", "period", "start", "end")
    seconds, stops = (
        results.filter(pl.col("kpi").str.starts_with(prefix)).select(
            *window, pl.col("kpi").str.strip_prefix(prefix).alias("of"), pl.col("value").alias(name)
        )
        for prefix, name in ((LOSS, "seconds"), (STOPS, "stops"))
    )
    both = seconds.join(stops.drop("end"), on=["path", "period", "start", "of"], how="left")
    slug = pl.col("of").str.splitn("/", 2)
    loss, reason = (slug.struct.field(f"field_{part}") for part in range(2))
    return both.select(*window, "seconds", "stops", loss=loss, reason=reason)
