"""The kinds of datasets: what each means, which fields its rows have, and at which addresses it is asked for.

An address is written with the names of what fills it in braces: `path` of what the dataset tells of, `start` and `end`
of its newest day, `week` seven days before its end, `signal` the first one, `sources` its sources. `machines`
are paths of the machines of a part of it: there is an address for each part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from analytics.kpis.catalogue import KPIS
from api.answers import Form
from api.meanings import MEANINGS
from api.views.alerts import AlertView
from api.views.capacity import SpareView
from api.views.catalogue import DatasetKind, FieldView, VariableView
from api.views.exports import What
from api.views.faults import IndicatorView
from api.views.gaps import GapView
from api.views.health_scores import HealthScoreView
from api.views.kpis import Period, ResultView
from api.views.losses import LossPartView
from api.views.open_data import OpenRowView
from api.views.samples import SampleView
from api.views.shape import TitleView, View
from api.views.sources import SourceView
from api.views.states import MachineSpanView

Level: TypeAlias = Literal["park", "factory", "machine"]
"""What a dataset tells of."""

Updated: TypeAlias = Literal["continuously", "hourly", "each shift", "daily", "weekly", "monthly", "as it happens"]
"""How often there is something new."""

LIST: Final = tuple(form.value for form in Form)
"""The forms of a list."""

JSON: Final = (Form.JSON.value,)
"""The form of what is no list."""

STREAM: Final = "text/event-stream"
"""The form of events that are listened to."""

CATALOGUE: Final = "/api/v1/kpis/catalogue"
"""Where it is told how numbers are computed."""

ISO_22400: Final = "ISO 22400-2:2014"
_ISA_18_2: Final = "ANSI/ISA-18.2"
_ISA_95: Final = "IEC 62264-1"
_OPC_4: Final = "OPC 10000-4"
_UCUM: Final = "UCUM"

_S: Final = "s"
_ONE: Final = "1"
_UNITS: Final[Mapping[str, str]] = {
    "seconds": _S,
    "share": _ONE,
    "times": _ONE,
    "version": _ONE,
    "coverage": _ONE,
    "score": _ONE,
    "ratio": _ONE,
    "lost": _ONE,
    "count": _ONE,
    "samples": _ONE,
    "refusals": _ONE,
    "duplicates": _ONE,
    "conflicts": _ONE,
    "signals": _ONE,
    "machines": _ONE,
    "based_on": _ONE,
}
"""Units of fields by their names; those that end in `_s` are in seconds."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One address at which a dataset is asked for."""

    address: str
    """With the names of what fills it in braces."""

    forms: tuple[str, ...] = LIST
    """Media types of its answers."""


@dataclass(frozen=True, slots=True)
class DatasetType:
    """What all datasets of one kind have in common."""

    kind: DatasetKind
    """The kind."""

    title: TitleView
    """What people call it, without what it tells of."""

    description: TitleView
    """What it is, in a sentence or two."""

    levels: frozenset[Level]
    """What there is one of for: the park, each factory, each machine."""

    rows: type[View]
    """The model of its rows."""

    asks: tuple[Ask, ...]
    """How to ask for it, the plainest first."""

    updated: Updated = "continuously"
    """How often there is something new."""

    standards: tuple[str, ...] = ()
    """Where its terms come from."""

    period: Period | None = None
    """What its rows are summed over."""

    stored: Literal["hour", "shift", "day"] | None = None
    """The period of the stored windows that its freshness, coverage and restatements are read off; None: of none."""

    topic: Literal["alerts", "states", "kpis"] | None = None
    """The topic of events that tell what is new of it."""

    export: What | None = None
    """The kind of export that gives it as a file."""

    @property
    def has_numbers(self) -> bool:
        """Whether its rows are numbers of the catalogue of KPIs."""
        return self.rows is ResultView

    @property
    def is_computed(self) -> bool:
        """Whether the catalogue of KPIs says how it is computed."""
        return self.rows in {ResultView, LossPartView, SpareView}


_FACTORY: Final[frozenset[Level]] = frozenset({"factory"})
_BOTH: Final[frozenset[Level]] = frozenset({"park", "factory"})


def _kpis(period: Period, zh: str, en: str, updated: Updated, stored: Literal["hour", "shift", "day"]) -> DatasetType:
    ask = Ask(f"/api/v1/kpis?path={{path}}&period={period}")
    windowed = Ask(f"/api/v1/kpis?path={{path}}&period={period}&start={{week}}&end={{end}}")
    return DatasetType(
        kind=f"kpis-{period}",  # type: ignore[arg-type]  # mypy does not join literals
        title=TitleView(zh=f"{zh}指标", en=f"KPIs by {en}"),
        description=TitleView(
            zh=f"按{zh}统计的利用率及其他指标，附数据覆盖率、版本和更正原因；下属产线和设备的同类指标也可查询。",
            en=f"Utilisation and all other KPIs by {en}, with coverage, version and why a number was told again; the "
            "same of the lines and machines below it.",
        ),
        levels=_BOTH,
        rows=ResultView,
        asks=(ask, windowed),
        updated=updated,
        standards=(ISO_22400, "SEMI E10", _UCUM),
        period=period,
        stored=stored,
        topic="kpis",
        export="kpis",
    )


_TYPES: Final = (
    DatasetType(
        kind="alerts",
        title=TitleView(zh="告警", en="Alerts"),
        description=TitleView(
            zh="设备和链路的告警：发生了什么、从何时到何时、当前状态（ISA-18.2）、谁确认过。",
            en="What went wrong with machines and links, from when until when, and how each stands (ISA-18.2).",
        ),
        levels=_FACTORY,
        rows=AlertView,
        asks=(
            Ask("/api/v1/alerts?path={path}"),
            Ask("/api/v1/alerts?path={path}&start={week}&end={end}"),
            Ask("/api/v1/alerts/performance?path={path}&start={week}&end={end}", JSON),
        ),
        updated="as it happens",
        standards=(_ISA_18_2,),
        topic="alerts",
        export="alerts",
    ),
    DatasetType(
        kind="capacity",
        title=TitleView(zh="空闲产能", en="Idle capacity"),
        description=TitleView(
            zh="今后各班次每台设备、每类设备的空闲产能，依据计划和过去八周的实际占用。",
            en="What each machine, or each class of machines, has to spare in the coming shifts, from the calendar and "
            "what such shifts took in the last eight weeks.",
        ),
        levels=_BOTH,
        rows=SpareView,
        asks=(Ask("/api/v1/capacity?path={path}"), Ask("/api/v1/capacity?path={path}&by=class&days=7")),
        updated="each shift",
        standards=(_ISA_95, ISO_22400),
        period="shift",
        stored="shift",
    ),
    DatasetType(
        kind="faults",
        title=TitleView(zh="设备健康度", en="Health of machines"),
        description=TitleView(
            zh="每台设备的健康分（0 到 100）、由哪些因素构成，以及逐小时的历史。",
            en="How well each machine is, in points from 0 to 100, what it is made of, and how it was hour by hour.",
        ),
        levels=_FACTORY,
        rows=HealthScoreView,
        asks=(
            Ask("/api/v1/faults?path={path}"),
            Ask("/api/v1/faults/history?path={path}&start={start}&end={end}"),
        ),
    ),
    DatasetType(
        kind="gaps",
        title=TitleView(zh="数据缺口", en="Gaps"),
        description=TitleView(
            zh="可能缺失样本的时间段：原因、是否已补齐、由什么补齐。",
            en="Where samples may be missing, why, and whether they came later.",
        ),
        levels=_FACTORY,
        rows=GapView,
        asks=(Ask("/api/v1/gaps?{sources}&start={week}&end={end}"),),
        updated="as it happens",
    ),
    DatasetType(
        kind="indicators",
        title=TitleView(zh="健康指标", en="Health indicators"),
        description=TitleView(
            zh="故障检测器由样本计算的数值及其告警限值。",
            en="The numbers that fault detectors compute from samples, each with the limit from which it is an alert.",
        ),
        levels=_FACTORY,
        rows=IndicatorView,
        asks=(Ask("/api/v1/indicators?path={path}"),),
    ),
    _kpis("day", "日", "local day", "daily", "day"),
    _kpis("hour", "小时", "hour", "hourly", "hour"),
    _kpis("month", "月", "month", "monthly", "day"),
    _kpis("shift", "班次", "shift", "each shift", "shift"),
    _kpis("week", "周", "ISO week", "weekly", "day"),
    DatasetType(
        kind="losses",
        title=TitleView(zh="时间损失", en="Losses"),
        description=TitleView(
            zh="日历时间的去向：每个时间窗内的各项损失及停机原因，合计等于全部日历时间。",
            en="Where calendar time went: the losses of each window and the reasons for stops; together they are all "
            "of its time.",
        ),
        levels=_BOTH,
        rows=LossPartView,
        asks=(
            Ask("/api/v1/losses?path={path}"),
            Ask("/api/v1/losses?path={path}&period=day&start={week}&end={end}"),
        ),
        updated="daily",
        standards=(ISO_22400, "SEMI E10"),
        period="day",
        stored="day",
        export="losses",
    ),
    DatasetType(
        kind="samples",
        title=TitleView(zh="样本", en="Samples"),
        description=TitleView(
            zh="该设备全部信号的原始样本，或按时间桶汇总的最小、最大、平均和末值；variables 列出各信号。",
            en="Samples of all signals of the machine, raw, or summed up in buckets with minimum, maximum, mean and "
            "last value. `variables` are the signals; ask for each of them like for the first one.",
        ),
        levels=frozenset({"machine"}),
        rows=SampleView,
        asks=(
            Ask("/api/v1/samples?signal={signal}&start={start}&end={end}"),
            Ask("/api/v1/samples?signal={signal}&start={start}&end={end}&points=1000"),
        ),
        standards=(_OPC_4, _UCUM),
        stored="day",
        export="samples",
    ),
    DatasetType(
        kind="sources",
        title=TitleView(zh="数据源", en="Sources"),
        description=TitleView(
            zh="到设备和消息代理的各条链路的当前状态、计数和最近一次通信时间。",
            en="How each link to machines and brokers stands, what came over it, and when it was heard last.",
        ),
        levels=_FACTORY,
        rows=SourceView,
        asks=(Ask("/api/v1/sources"),),
    ),
    DatasetType(
        kind="states",
        title=TitleView(zh="设备状态", en="States of machines"),
        description=TitleView(
            zh="每台设备在何时处于何种状态（生产、空闲、停机……），时间段互不重叠。",
            en="What each machine did, and when: spans in one state (producing, idle, stopped, …) without overlap.",
        ),
        levels=_FACTORY,
        rows=MachineSpanView,
        asks=(
            Ask("/api/v1/states?{machines}&start={start}&end={end}"),
            Ask("/api/v1/states/current?path={path}"),
        ),
        standards=(ISO_22400,),
        stored="day",
        topic="states",
        export="states",
    ),
)

TYPES: Final[Mapping[DatasetKind, DatasetType]] = {one.kind: one for one in _TYPES}
"""What is known of each kind, but for `open`, whose views say it themselves."""


@cache
def fields_of(rows: type[View]) -> list[FieldView]:
    """Give the fields of the rows of a model, as its description tells them."""
    properties = rows.model_json_schema(mode="serialization")["properties"]
    meanings = MEANINGS.get(rows, {})
    return [_field(name, told, meanings.get(name)) for name, told in properties.items()]


@cache
def kpi_variables() -> list[VariableView]:
    """Give the numbers of the catalogue of KPIs."""
    return [
        VariableView(
            name=kpi.slug,
            title=TitleView(zh=kpi.title.zh or kpi.slug, en=kpi.title.en or kpi.slug),
            unit=kpi.unit,
            type="float",
            source=kpi.source,
        )
        for kpi in KPIS
    ]


def open_fields(dropped: tuple[str, ...]) -> list[FieldView]:
    """Give the fields of the rows of a view that drops some."""
    return [field for field in fields_of(OpenRowView) if field.name not in dropped]


_PLAIN: Final[Mapping[str, Any]] = {
    "string": "text",
    "number": "number",
    "integer": "integer",
    "boolean": "truth",
    "array": "list",
    "object": "object",
}

_TIMES: Final[Mapping[str, Any]] = {"date-time": "instant", "date": "day"}


def _field(name: str, told: Mapping[str, Any], chinese: str | None) -> FieldView:
    """Give a field by its JSON Schema, and by what it means in Chinese."""
    meaning = " ".join(told["description"].split())
    kinds = {_type_of(one) for one in told.get("anyOf", [told]) if one.get("type") != "null"}
    kind = kinds.pop() if len(kinds) == 1 else "any"
    if kind == "text" and "RFC 3339" in meaning:
        kind = "instant"
    unit = (_S if name.endswith("_s") else _UNITS.get(name)) if kind in {"number", "integer"} else None
    return FieldView(name=name, type=kind, unit=unit, meaning=TitleView(zh=chinese or meaning, en=meaning))


def _type_of(told: Mapping[str, Any]) -> Any:
    if "$ref" in told:  # of a model or of an enumeration
        return "object" if told["$ref"].endswith("View") else "text"
    return _TIMES.get(told.get("format", ""), _PLAIN.get(told.get("type", ""), "text"))
