// The page: what it shows, and when it asks again.
//
// Every few seconds it asks how the sources and the alerts stand, and shows that at once. Only when the sources have
// brought something new, or a minute has passed, or the reader has chosen something else, does it ask for numbers: a wall
// full of panels must not load the store. While the store does not answer, the numbers stay as they were. What is shown is
// in the address (`#/factory/line/machine?day=2026-11-24`), so that a panel comes up as it was left; an alert that is read
// as well (`alert=…`), and which alerts are listed (`priority=high,critical&state=asking`).

import { CHOICES, OPEN, SEVERITIES } from "./alarms.js";
import { alertDialog } from "./alert.js";
import * as alerts from "./alerts.js";
import { Problem, Silence, all, key } from "./api.js";
import { readPark } from "./assets.js";
import { listAlerts, listEquipmentStates, listFaults, listGaps, listKpis, listSources } from "./client/operations.js";
import { h, render } from "./dom.js";
import { askForKey } from "./key.js";
import * as lists from "./lists.js";
import * as machine from "./machine.js";
import { overview, tiles } from "./overview.js";
import { OF_DAY, OF_HOUR } from "./states.js";
import { around, clock, dayOf, duration, isDay, iso, midnight, shifted, stamp, weekday } from "./time.js";
import { language, locale, say, switchLanguage, titled } from "./words.js";

/** @import { Schemas } from "./client/call.js" */

/**
 * What was read; null: not yet.
 *
 * @typedef {object} Told
 * @property {string} of
 * @property {string} machine
 * @property {string | null} day
 * @property {Map<string, Record<string, Schemas["ResultView"]>> | null} results
 * @property {{start: number, end: number} | null} window
 * @property {any} told
 * @property {Schemas["AlertView"][]} [alerts]
 * @property {Schemas["AlertView"][] | null} recent
 * @property {boolean} more
 * @property {Schemas["GapView"][] | null} gaps
 * @property {Schemas["SourceView"][]} [sources]
 * @property {Schemas["HealthScoreView"][]} [scores]
 */

const EVERY_MS = 5000;
const MINUTE_MS = 60_000;
const NUMBERS_EVERY_MS = MINUTE_MS;
const LIVE_MS = MINUTE_MS;
const RECORDED_MS = 24 * 3_600_000;
const RECENT = 10;

const EVERYTHING = { priorities: [], choice: "open" };

/** What is shown, and of what: `chosen` and `day` are the reader's choice (null: the latest day), `data` is what was read. */
const shown = {
  /** @type {import("./assets.js").Park | null} */
  park: null,
  machines: new Map(),
  chosen: "",
  day: null,
  filter: EVERYTHING,
  /** @type {Told | null} */
  data: null,
  numbersAt: 0,
  numbersOf: "",
  answered: null,
};
const place = (id) => document.getElementById(id);

// ── what is chosen ───────────────────────────────────────────────────────────────────────────────────────────────────

function readAddress() {
  const [path, text] = decoded(location.hash.slice(2)).split("?");
  const query = new URLSearchParams(text ?? "");
  const day = query.get("day");
  const choice = query.get("state");
  shown.chosen = path;
  shown.day = isDay(day ?? "") ? day : null;
  shown.filter = {
    priorities: SEVERITIES.filter((priority) => (query.get("priority") ?? "").split(",").includes(priority)),
    choice: Object.hasOwn(CHOICES, choice ?? "") ? choice : EVERYTHING.choice,
  };
  return query.get("alert") ?? "";
}

/** An address as it reads; one that somebody cut short as it is. */
function decoded(text) {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

function writeAddress() {
  const query = [
    shown.day ? `day=${shown.day}` : "",
    shown.filter.priorities.length ? `priority=${shown.filter.priorities.join(",")}` : "",
    shown.filter.choice === EVERYTHING.choice ? "" : `state=${shown.filter.choice}`,
    detail.shown() ? `alert=${encodeURIComponent(detail.shown())}` : "",
  ].filter((part) => part);
  history.replaceState(null, "", `#/${encodeURI(shown.chosen)}${query.length ? `?${query.join("&")}` : ""}`);
}

function choose(path) {
  shown.chosen = path;
  again();
  if (matchMedia("(max-width: 1100px)").matches) place("machine").scrollIntoView({ behavior: "smooth" });
}

function showDay(day) {
  shown.day = day;
  again();
}

function narrow(filter) {
  shown.filter = filter;
  writeAddress();
  show();
}

function read(alert, deed = null) {
  detail.open(alert, deed);
  writeAddress();
}

function machines(park) {
  return park.factories.flatMap((factory) =>
    factory.lines.flatMap((line) => line.equipment.map((equipment) => ({ factory, line, equipment, zone: factory.time_zone }))),
  );
}

function find(path) {
  return shown.machines.get(path) ?? null;
}

function zoneOf(path) {
  const factory = shown.park.factories.find((one) => path === one.path || path.startsWith(`${one.path}/`));
  return (factory ?? shown.park.factories[0])?.time_zone ?? "UTC";
}

/** What alerts need of the page. */
const site = {
  choose,
  narrow,
  read,
  /** What people call what is at `path`, its zone, and whether it is a machine. */
  known: (path) => {
    const there = find(path)?.equipment ?? places().find((one) => one.path === path);
    return { title: there ? titled(there.title) : path, zone: zoneOf(path), machine: find(path) !== null };
  },
  /** What suppresses an alert, in words. */
  reason: (by) => {
    if (["", "machine_runs", "line_runs"].includes(by)) return by && say(`by.${by}`);
    const parent = shown.data?.alerts.find((alert) => alert.id === by);
    return parent ? titled(parent.message) : say("by.other");
  },
  /** What time it is at a machine, or at what else is at `path`, in ms. */
  present: (path) => presentOf(shown.data.sources.filter((source) => path.startsWith(`${source.line}/`))),
};

const detail = alertDialog(site, () => again(), () => writeAddress());

function places() {
  return [shown.park, ...shown.park.factories, ...shown.park.factories.flatMap((factory) => factory.lines)];
}

// ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Results of one day by path and KPI. A day is each factory's own: the same date, not the same hours. */
async function resultsOfDay(day) {
  const rows = await all(listKpis, { query: { period: "day", kpi: OF_DAY, lang: language(), limit: 10_000, ...(day ? around(day) : {}) } });
  const top = [shown.park, ...shown.park.factories].find((one) => rows.some((row) => row.path === one.path))?.path;
  const date = day ?? rows.filter((row) => row.path === top).map((row) => dayOf(row.start, zoneOf(row.path))).at(-1);
  /** @type {Map<string, Record<string, Schemas["ResultView"]>>} */
  const results = new Map();
  for (const row of rows) {
    if (dayOf(row.start, zoneOf(row.path)) !== date) continue;
    if (!results.has(row.path)) results.set(row.path, {});
    results.get(row.path)[row.kpi] = row;
  }
  return { date: date ?? null, results };
}

async function readMachine(one, window) {
  const range = { start: iso(window.start), end: iso(window.end) };
  const path = one.equipment.path;
  const [hourly, told] = await Promise.all([
    all(listKpis, { query: { path: [path], period: "hour", kpi: OF_HOUR, limit: 10_000, ...range } }),
    one.equipment.has_state ? readStates(path, range) : { spans: [], knownUntil: null },
  ]);
  const byStart = new Map();
  for (const row of hourly) {
    const start = Date.parse(row.start);
    if (!byStart.has(start)) byStart.set(start, {});
    byStart.get(start)[row.kpi] = row;
  }
  return { ...told, byStart };
}

async function readStates(path, range) {
  const spans = [];
  let token = "";
  let knownUntil = null;
  do {
    const body = await listEquipmentStates({ path: { path }, query: { ...range, limit: 10_000, page_token: token } });
    spans.push(...body.items.map((span) => ({ state: span.state, raw: span.raw, from: Date.parse(span.start), to: Date.parse(span.end) })));
    token = body.next_page_token;
    knownUntil = body.known_until;
  } while (token !== null);
  return { spans, knownUntil };
}

function today() {
  return dayOf(Date.now(), zoneOf(shown.park.id));
}

/** What is known before any number is read; `of` is what they are numbers of. Which day is the latest is not. */
function unread(of) {
  return { of, machine: shown.chosen, day: shown.day, results: null, window: null, told: null, recent: null, more: false, gaps: null };
}

/** Give numbers, and null or why some are only those that were `kept`: the store does not answer. */
async function readNumbers(kept) {
  const { machine, of } = kept;
  const before = { date: kept.results && kept.day, results: kept.results };
  let trouble = null;
  const or = (known) => (error) => {
    trouble ??= error;
    return known;
  };
  const wanted = shown.day;
  const { date, results } = await resultsOfDay(wanted).catch(or(before));
  const day = date ?? wanted ?? today();
  const one = find(machine);
  const zone = one?.zone ?? zoneOf(shown.park.id);
  const window = { start: midnight(day, zone), end: midnight(shifted(day, 1), zone) };
  const range = { start: iso(window.start), end: iso(window.end) };
  const [told, recent, gaps] = await Promise.all([
    one ? readMachine(one, window).catch(or(day === kept.day ? kept.told : null)) : null,
    listAlerts({ query: { state: ["normal"], limit: RECENT, ...range } }),
    listGaps({ query: { limit: 100, ...range } }),
  ]);
  const numbers = { of, machine, day, results, window, told, recent: recent.items, more: recent.next_page_token !== null, gaps: gaps.items };
  return [numbers, trouble];
}

/** Ask for what the records tell: it is known also while the store is down. */
async function refresh() {
  if (shown.park === null) {
    shown.park = await readPark();
    shown.machines = new Map(machines(shown.park).map((one) => [one.equipment.path, one]));
  }
  if (!find(shown.chosen)) {
    const every = [...shown.machines.values()];
    shown.chosen = (every.find((one) => one.equipment.has_state) ?? every[0])?.equipment.path ?? "";
  }
  const [sources, open, scores] = await Promise.all([
    all(listSources, {}),
    all(listAlerts, { query: { state: OPEN, limit: 1000 } }),
    all(listFaults, { query: { limit: 1000 } }),
  ]);
  shown.data = { ...(shown.data ?? unread("")), sources, alerts: open, scores };
  shown.answered = Date.now();
}

/** Ask for numbers, where there may be others. */
async function refreshNumbers() {
  const of = JSON.stringify([shown.chosen, shown.day]);
  const wanted = JSON.stringify([of, language(), shown.data.sources.map((one) => [one.name, one.samples, one.state])]);
  if (wanted === shown.numbersOf && Date.now() - shown.numbersAt < NUMBERS_EVERY_MS) return;
  const [numbers, trouble] = await readNumbers(shown.data.of === of ? shown.data : unread(of));
  shown.data = { ...shown.data, ...numbers };
  shown.numbersAt = Date.now();
  shown.numbersOf = trouble ? "" : wanted;
  show();
  if (trouble) throw trouble;
}

// ── showing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function show() {
  const { park, data, chosen } = shown;
  const now = Date.now();
  const until = dataUntil(data.sources);
  const speak = language();
  document.documentElement.lang = locale();
  document.title = `${titled(park.title)} · parkline`;
  place("park").textContent = titled(park.title);
  render(place("day"), [speak, shown.day, data.day], () => dayPicker(shown.day ?? data.day));
  render(place("until"), [speak, until, Math.floor(now / MINUTE_MS)], () => untilLine(until, now));
  render(place("tools"), [speak, key.get() !== ""], () => tools());
  const results = data.results && [...data.results];
  render(place("tiles"), [speak, results, data.alerts, scoresAsShown(data.scores), data.sources], () =>
    tiles(park, data.results, data.alerts, data.scores, data.sources, choose),
  );
  render(place("overview"), [speak, results, chosen], () => overview(park, data.results, chosen, choose));
  showMachine(speak);
  showAlerts(speak);
  render(place("sources"), [speak, data.sources], () => lists.sources(data.sources, zoneOf));
  showGaps(speak);
  place("main").hidden = false;
}

function showMachine(speak) {
  const { data } = shown;
  const one = find(data.machine);
  if (one === null) {
    render(place("machine-standing"), [speak], () => h("p", { class: "quiet" }, say("machine.choose")));
    for (const part of ["machine-condition", "machine-day"]) render(place(part), null, () => []);
    return;
  }
  const told = { ...one, day: data.window, ...(data.told ?? { spans: null }), results: data.results?.get(data.machine) };
  const context = [speak, data.machine, data.day, data.told, data.told && [...data.told.byStart], told.results];
  const score = data.scores.find((other) => other.equipment === data.machine) ?? null;
  const own = data.alerts.filter((alert) => alert.equipment === data.machine);
  render(place("machine-standing"), context, () => machine.standing(one.factory, told));
  render(place("machine-condition"), [speak, data.machine, scoresAsShown([score]), own], () => machine.condition(score, own, one.zone, read));
  render(place("machine-day"), context, () => (data.told ? machine.day(told) : []));
}

function showAlerts(speak) {
  const { data, filter } = shown;
  const minutes = data.alerts.map((alert) => Math.floor(site.present(alert.equipment) / MINUTE_MS));
  render(place("alerts-heading"), [speak, data.alerts], () => alerts.heading(data.alerts));
  place("alerts-filters").hidden = data.alerts.length === 0;
  render(place("alerts-priorities"), [speak, data.alerts, filter], () => alerts.priorities(data.alerts, filter, site));
  render(place("alerts-states"), [speak, filter], () => alerts.states(filter, site));
  render(place("alerts-open"), [speak, data.alerts, filter, minutes], () => alerts.openAlerts(data.alerts, filter, site));
  render(place("alerts-closed"), [speak, data.recent, data.more], () => (data.recent ? alerts.closedAlerts(data.recent, data.more, site) : []));
}

function showGaps(speak) {
  const { sources, gaps } = shown.data;
  const lines = new Map(sources.map((source) => [source.name, source.line]));
  const present = (name) => presentOf(sources.filter((source) => source.name === name));
  const minutes = gaps?.map((gap) => gap.end === null && Math.floor(present(gap.source) / MINUTE_MS));
  place("gaps").hidden = gaps === null;
  render(place("gaps"), [speak, gaps, minutes], () => (gaps ? lists.gaps(gaps, (source) => zoneOf(lines.get(source) ?? ""), present) : []));
}

/**
 * What is seen of scores: `at` changes more often than that.
 *
 * @param {Schemas["HealthScoreView"][]} scores
 */
function scoresAsShown(scores) {
  return scores.map((one) => one && { ...one, at: null });
}

/**
 * Until when anything is known, in ms, by the machines' clocks; null before the first sample.
 *
 * @param {Schemas["SourceView"][]} sources
 */
function dataUntil(sources) {
  const known = sources.map((source) => source.horizon ?? source.last_time).filter((one) => one !== null);
  return known.length ? Math.max(...known.map((one) => Date.parse(one))) : null;
}

/**
 * The present by the clock of what these sources read, in ms; by this machine's while one of them does not tell it.
 *
 * @param {Schemas["SourceView"][]} sources
 */
function presentOf(sources) {
  const told = sources.map((source) => (source.state === "ended" || (source.state === "up" && !source.stale) ? source.horizon : null));
  return told.length === 0 || told.includes(null) ? Date.now() : Math.max(...told.map((one) => Date.parse(one)));
}

function untilLine(until, now) {
  if (until === null) return h("span", { class: "quiet" }, say("until.none"));
  const behind = now - until;
  const kind = behind <= LIVE_MS ? "live" : behind <= RECORDED_MS ? "behind" : "recorded";
  const zone = zoneOf(shown.park.id);
  const local = zone === "UTC" ? "" : `${clock(until, zone)} ${zone} · `;
  return [
    h("span", { class: `pulse ${kind}` }),
    h("span", null, `${say("until.label")} `, h("strong", null, `${stamp(until, "UTC")} UTC`)),
    h("span", { class: "quiet" }, local + say(`until.${kind}`, duration(behind))),
  ];
}

/** Choose a day; null: it is not known yet which one is the latest. */
function dayPicker(day) {
  const step = (days, label, sign) =>
    h("button", { type: "button", class: "step", disabled: day === null, title: say(label), "aria-label": say(label), "data-focus": label, click: () => showDay(shifted(shown.day ?? shown.data.day, days)) }, sign);
  return [
    step(-1, "day.previous", "‹"),
    h("input", {
      type: "date",
      "aria-label": say("day.choose"),
      "data-focus": "day",
      disabled: day === null,
      value: day ?? "",
      change: (event) => event.target.value && showDay(event.target.value),
    }),
    h("span", { class: "weekday" }, day === null ? "" : weekday(day)),
    step(1, "day.next", "›"),
    h("button", { type: "button", class: "latest", disabled: day === null, "aria-pressed": String(shown.day === null), "data-focus": "latest", click: () => showDay(null) }, say("day.latest")),
  ];
}

function tools() {
  return [
    key.get()
      ? h("button", { type: "button", "data-focus": "forget", click: () => { key.forget(); location.reload(); } }, say("key.forget"))
      : null,
    h(
      "button",
      { type: "button", id: "language", "data-focus": "language", title: say("language.switch"), click: () => { switchLanguage(); show(); again(); } },
      say("language.other"),
    ),
  ];
}

function notice(...texts) {
  render(place("notice"), texts, () => (texts.length ? h("div", { class: "notice" }, texts.map((text, index) => h(index ? "span" : "strong", null, text))) : []));
}

// ── the round ────────────────────────────────────────────────────────────────────────────────────────────────────────

let timer = null;
let running = false;
let wantedAgain = false;
let linked = "";

/** Ask and show now; whoever asks while it runs gets another round right after. */
async function again() {
  wantedAgain = true;
  if (running) return;
  running = true;
  clearTimeout(timer);
  try {
    while (wantedAgain) {
      wantedAgain = false;
      await round();
    }
  } finally {
    running = false;
    if (!document.hidden) timer = setTimeout(again, EVERY_MS);
  }
}

async function round() {
  try {
    await refresh();
    show();
    await showLinked();
    await refreshNumbers();
    notice();
  } catch (error) {
    const known = shown.answered ? `${stamp(shown.answered, "UTC")} UTC` : "–";
    if (error instanceof Problem && error.status === 401) {
      key.set(await askForKey(key.get() ? error.detail : ""));
      wantedAgain = true;
    } else if (error instanceof Problem) {
      notice(error.title, error.detail, error.remedy);
    } else if (error instanceof Silence) {
      notice(say("notice.offline", known));
    } else {
      notice(say("notice.fault", error instanceof Error ? error.message : error, known));
      throw error;
    }
  }
}

/** Show the alert that the address names, or what became of the one that is shown. */
async function showLinked() {
  const wanted = linked;
  linked = "";
  const done = wanted ? detail.open(wanted) : detail.refresh();
  writeAddress();
  await done;
}

window.addEventListener("hashchange", () => {
  linked = readAddress();
  if (!linked) detail.close();
  again();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) again();
});

document.documentElement.lang = locale();
notice(say("notice.loading"));
linked = readAddress();
again();
