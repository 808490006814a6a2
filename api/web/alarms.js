// What alerts are: how urgent, of what kind, and who is waited for (ISA-18.2).

/** @import { Schemas } from "./client/call.js" */

/**
 * Priorities, the most urgent first.
 *
 * @type {Schemas["Severity"][]}
 */
export const SEVERITIES = ["critical", "high", "medium", "low"];

/**
 * States in which something is left to be done, and somebody is told.
 *
 * @type {Schemas["AlarmState"][]}
 */
export const SHOWN = ["unacknowledged", "returned_unacknowledged", "latched_unacknowledged", "acknowledged", "latched_acknowledged"];

/**
 * States in which nobody is told.
 *
 * @type {Schemas["AlarmState"][]}
 */
export const HIDDEN = ["shelved", "suppressed", "out_of_service"];

/** States of alerts that are not closed. */
export const OPEN = [...SHOWN, ...HIDDEN];

/**
 * What a reader can choose to see, by the states it stands for.
 *
 * @type {Record<string, Schemas["AlarmState"][]>}
 */
export const CHOICES = {
  open: SHOWN,
  asking: ["unacknowledged", "returned_unacknowledged", "latched_unacknowledged"],
  known: ["acknowledged", "latched_acknowledged"],
  latched: ["latched_unacknowledged", "latched_acknowledged"],
  shelved: ["shelved"],
  suppressed: ["suppressed"],
  out_of_service: ["out_of_service"],
};

const SYSTEM = new Set(["channel", "detector"]);

/**
 * What an alert is about: a `machine`, the `link` to machines, or this `system` itself.
 *
 * @param {Schemas["AlertView"]} alert
 */
export function kindOf(alert) {
  if (alert.detector === "link") return "link";
  return SYSTEM.has(alert.detector) ? "system" : "machine";
}

/**
 * Alerts by priority; within one, those that began last first.
 *
 * @param {Schemas["AlertView"][]} list
 */
export function urgentFirst(list) {
  const rank = (alert) => SEVERITIES.indexOf(alert.priority);
  return [...list].sort((one, other) => rank(one) - rank(other) || Date.parse(other.began) - Date.parse(one.began));
}

/**
 * Alerts that somebody is told of.
 *
 * @param {Schemas["AlertView"][]} list
 */
export function visible(list) {
  return list.filter((alert) => !HIDDEN.includes(alert.state));
}

/** How many alerts there are of each priority that any has, the most urgent first. */
export function byPriority(list) {
  return SEVERITIES.map((priority) => [priority, list.filter((alert) => alert.priority === priority).length]).filter(([, number]) => number > 0);
}

/**
 * Hidden alerts by why they are: `[{state, by, alerts}]`, the largest group first.
 *
 * @param {Schemas["AlertView"][]} list
 */
export function foldedBy(list) {
  const groups = new Map();
  for (const alert of list.filter((one) => HIDDEN.includes(one.state))) {
    const by = alert.state === "suppressed" ? alert.suppressed_by : "";
    const id = `${alert.state} ${by}`;
    if (!groups.has(id)) groups.set(id, { id, state: alert.state, by, alerts: [] });
    groups.get(id).alerts.push(alert);
  }
  return [...groups.values()].sort((one, other) => other.alerts.length - one.alerts.length);
}
