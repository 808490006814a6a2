"""KPIs: one pure module per KPI or family, and the catalogue of them all."""
