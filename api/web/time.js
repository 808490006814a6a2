// Instants, days and durations as people read them. Days are those of a factory's own time zone.

import { locale, say } from "./words.js";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

const formats = new Map();

function format(zone, options) {
  const id = JSON.stringify([locale(), zone, options]);
  if (!formats.has(id)) formats.set(id, new Intl.DateTimeFormat(locale(), { ...options, timeZone: zone, hourCycle: "h23" }));
  return formats.get(id);
}

/** @type {Intl.DateTimeFormatOptions} */
const ISO_DAY = { year: "numeric", month: "2-digit", day: "2-digit" };

/** The local day of an instant, `2026-11-24`. */
export function dayOf(instant, zone) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", { ...ISO_DAY, timeZone: zone }).formatToParts(new Date(instant)).map((p) => [p.type, p.value]),
  );
  return `${parts.year}-${parts.month}-${parts.day}`;
}

/** Whether a text is a day that numbers can be asked of. */
export function isDay(text) {
  const instant = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(instant) && iso(instant).slice(0, 10) === text && text > "1970-01-01" && text < "2200";
}

/** A day some days on, `2026-11-24` and 1 give `2026-11-25`. */
export function shifted(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Instants between which a day lies whatever the zone: local days begin up to 14 h before or after UTC's. */
export function around(day) {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return { start: iso(midnight - 14 * HOUR_MS), end: iso(midnight + 14 * HOUR_MS) };
}

export function iso(milliseconds) {
  return new Date(milliseconds).toISOString();
}

/** Time of day, `16:05` or, with `seconds`, `16:05:09`. */
export function clock(instant, zone, seconds = false) {
  const options = { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) };
  return format(zone, options).format(new Date(instant));
}

/** Day and time of day, `2026-11-24 16:05`. */
export function stamp(instant, zone) {
  return `${dayOf(instant, zone)} ${clock(instant, zone)}`;
}

/** The weekday of a day. */
export function weekday(day) {
  return format("UTC", { weekday: "short" }).format(new Date(`${day}T00:00:00Z`));
}

/** The largest two units of a duration. */
export function duration(milliseconds) {
  const s = Math.max(0, Math.round(milliseconds / 1000));
  /** @type {[string, number][]} */
  const parts = [
    ["unit.d", Math.floor(s / 86_400)],
    ["unit.h", Math.floor(s / 3600) % 24],
    ["unit.min", Math.floor(s / 60) % 60],
    ["unit.s", s % 60],
  ];
  const first = parts.findIndex(([, count]) => count > 0);
  if (first < 0) return say("unit.s", 0);
  return parts
    .slice(first, first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => say(unit, count))
    .join(" ");
}

/** A ratio as a percentage; a dash where there is none. */
export function percent(ratio) {
  if (ratio === null || ratio === undefined) return "–";
  return new Intl.NumberFormat(locale(), { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(ratio);
}

/** A count; a dash where nobody counted. */
export function count(number) {
  if (number === null || number === undefined) return "–";
  return new Intl.NumberFormat(locale()).format(number);
}

/** The instant, in milliseconds, at which a day begins in a zone. */
export function midnight(day, zone) {
  const utc = Date.parse(`${day}T00:00:00Z`);
  // The offset at the day's beginning decides; a first guess with UTC's midnight is mended where a change lies between.
  const guess = utc - offset(utc, zone);
  return utc - offset(guess, zone);
}

function offset(instant, zone) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", {
      ...ISO_DAY, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone,
    }).formatToParts(new Date(instant)).map((p) => [p.type, Number(p.value)]),
  );
  const local = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  return local - instant;
}
