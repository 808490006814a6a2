// The states of equipment: their order and their colours, the same in every chart.

export const STATES = ["producing", "setup", "idle", "planned_stop", "unplanned_stop", "off", "unknown"];

/** The colour of a state as the style sheet gives it for the scheme in use. */
export function colour(state) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--state-${state}`).trim();
}

/** The KPI that counts the seconds in a state. */
export function timeOf(state) {
  return `${state}_time`;
}
