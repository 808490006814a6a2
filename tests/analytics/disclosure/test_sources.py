"""What is opened: numbers by name, and the parts that only some machines have."""

from analytics.disclosure.sources import BASE, SOURCES, figures, source_of
from analytics.kpis.catalogue import KPIS
from analytics.kpis.contract import ACCOUNT
from collector.opendata import OF_MACHINES, numbers_of

CLOSED = {
    "oee_bottleneck",  # of one machine, by name of its line
    "speed_excess_time",  # tells that an ideal cycle is wrong
    "ideal_time",
    "ideal_good_time",
}
"""KPIs that are not opened, besides SEMI E10's, which are the same times under other names."""


def test_every_kpi_is_open_or_closed_on_purpose() -> None:
    opened, _ = numbers_of("kpis")
    known = {kpi.slug for kpi in KPIS if not kpi.slug.startswith("e10_")}
    assert set(opened) == known - CLOSED
    assert set(OF_MACHINES) == {kpi.slug for kpi in KPIS if kpi.level == "equipment"}


def test_every_number_can_be_computed_from_its_source() -> None:
    for dataset in ("kpis", "losses", "alerts", "capacity"):
        source = source_of(dataset)
        facets = {facet.name for facet in source.facets}
        for machine in (True, False):
            for figure in figures(dataset, numbers_of(dataset)[0], machine=machine):
                assert set(figure.value.meta.root_names()) <= set(source.columns), figure.slug
                assert figure.facets | figure.beside <= facets
                assert figure.unit
                assert figure.title.zh
                assert figure.title.en


def test_what_only_some_machines_have_is_held_apart() -> None:
    found = figures("kpis", numbers_of("kpis")[0], machine=False)
    told = {one.slug: one.facets for one in found}
    assert told["utilisation"] == {BASE}
    assert told["total_count"] == {BASE, "counted"}
    assert told["reject_count"] == {BASE, "quality"}
    assert told["oee"] == {BASE, "ideal"}
    assert told["speed_loss_time"] == {BASE, "ideal"}
    assert told["energy"] == {BASE, "energy"}
    nullable = SOURCES["accounts"].nullable
    assert all(len(told[slug]) > 1 for slug in told if slug in nullable)
    assert set(ACCOUNT) == set(SOURCES["accounts"].columns)


def test_what_only_some_machines_lack_is_held_apart() -> None:
    found = figures("kpis", numbers_of("kpis")[0], machine=False)
    told = {one.slug: one.beside for one in (*found, *figures("losses", ["unjudged_time"], machine=False))}
    assert told["utilisation"] == told["total_count"] == told["quality_loss_time"] == set()
    assert told["good_count"] == {"quality"}  # parts less good ones are rejects
    assert told["quality_ratio"] == told["productive_time"] == {"ideal_quality"}
    assert told["judged_time"] == told["speed_loss_time"] == told["effectiveness"] == {"unjudged"}
    assert told["oee"] == {"ideal_quality", "unjudged"}
    assert told["unjudged_time"] == {"ideal", "unjudged"}
