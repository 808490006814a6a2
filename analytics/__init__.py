"""From samples to meaning: calendars, spans, KPIs, faults and alerts."""
