"""The colours of a report: of each part of planned time one, the same in plots and tables."""

from typing import Final

COLOURS: Final = {
    "productive_time": "#2c9c69",
    "unjudged_time": "#8ecfb0",
    "quality_loss_time": "#b0418f",
    "speed_loss_time": "#4fb0b8",
    "setup_time": "#3f86cf",
    "micro_stop_time": "#ef8a3c",
    "idle_time": "#e3b341",
    "off_time": "#8794a1",
    "unplanned_stop_time": "#d64c3d",
    "planned_stop_time": "#8577c4",
    "unknown_time": "#dfe5ea",
}
"""The colour of each part of planned time, as the page of the API has it, in the order in which they are stacked."""
