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

/** The figures of a day, in the order in which people read them: OEE is the product of the three after it. */
export const FIGURES = ["utilisation", "oee", "availability", "effectiveness", "quality_ratio"];

const TIMES = ["planned_time", ...STATES.map(timeOf)];

/** What is asked for of a day, and of an hour; the API knows many more numbers. */
export const OF_DAY = [...FIGURES, ...TIMES];
export const OF_HOUR = ["utilisation", "oee", ...TIMES];
