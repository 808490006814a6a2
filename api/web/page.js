// The page: what it shows, and when it asks again.
//
// Every few seconds it asks how the sources stand. Only when they have brought something new, or a minute has passed, or
// the reader has chosen something else, does it ask for numbers: a wall full of panels must not load the store. What is
// shown is in the address (`#/factory/line/machine?day=2026-11-24`), so that a panel comes up as it was left; an alert that
// is read as well (`alert=…`), and which alerts are listed (`priority=high,critical&state=asking`).

import { CHOICES, OPEN, SEVERITIES } from "./alarms.js";
import { alertDialog } from "./alert.js";
import { alerts as alertList } from "./alerts.js";
import { Problem, ask, askAll, below, key } from "./api.js";
import { h, render } from "./dom.js";
import { askForKey } from "./key.js";
import * as lists from "./lists.js";
import * as machine from "./machine.js";
import { overview, tiles } from "./overview.js";
import { OF_DAY, OF_HOUR } from "./states.js";
import { around, clock, dayOf, duration, iso, midnight, shifted, stamp, weekday } from "./time.js";
import { language, locale, say, switchLanguage, titled } from "./words.js";

const EVERY_MS = 5000;
const NUMBERS_EVERY_MS = 60_000;
const LIVE_MS = 60_000;
const RECORDED_MS = 24 * 3_600_000;
const RECENT = 10;

const EVERYTHING = { priorities: [], choice: "open" };

const shown = { park: null, chosen: "", day: null, pinned: false, filter: EVERYTHING, data: null, numbersAt: 0, numbersOf: "", answered: null };
const place = (id) => document.getElementById(id);

// ── what is chosen ───────────────────────────────────────────────────────────────────────────────────────────────────

function readAddress() {
  const [path, text] = decodeURI(location.hash.slice(2)).split("?");
  const query = new URLSearchParams(text ?? "");
  const day = query.get("day");
  const choice = query.get("state");
  shown.chosen = path;
  shown.pinned = /^\d{4}-\d\d-\d\d$/.test(day ?? "");
  shown.day = shown.pinned ? day : null;
  shown.filter = {
    priorities: SEVERITIES.filter((priority) => (query.get("priority") ?? "").split(",").includes(priority)),
    choice: Object.hasOwn(CHOICES, choice ?? "") ? choice : EVERYTHING.choice,
  };
  return query.get("alert") ?? "";
}

function writeAddress() {
  const query = [
    shown.pinned ? `day=${shown.day}` : "",
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
  shown.pinned = day !== null;
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

function machines() {
  return shown.park.factories.flatMap((factory) =>
    factory.lines.flatMap((line) => line.equipment.map((equipment) => ({ factory, line, equipment, zone: factory.time_zone }))),
  );
}

function find(path) {
  return machines().find((one) => one.equipment.path === path) ?? null;
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
    const there = find(path)?.equipment ?? places().find((one) => (one.path ?? one.id) === path);
    return { title: there ? titled(there.title) : path, zone: zoneOf(path), machine: find(path) !== null };
  },
  /** What suppresses an alert, in words. */
  reason: (by) => {
    if (["", "machine_runs", "line_runs"].includes(by)) return by && say(`by.${by}`);
    const parent = shown.data?.alerts.find((alert) => alert.id === by);
    return parent ? titled(parent.message) : say("by.other");
  },
  /** The present by the machines' clocks, in ms. */
  get now() {
    return dataUntil(shown.data.sources) ?? Date.now();
  },
};

const detail = alertDialog(site, () => again(), () => writeAddress());

function places() {
  return [shown.park, ...shown.park.factories, ...shown.park.factories.flatMap((factory) => factory.lines)];
}

// ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Results of one day by path and KPI. A day is each factory's own: the same date, not the same hours. */
async function resultsOfDay(day) {
  const rows = await askAll("kpis", { period: "day", kpi: OF_DAY, lang: language(), limit: 10_000, ...(day ? around(day) : {}) });
  const date = day ?? rows.filter((row) => row.path === shown.park.id).map((row) => dayOf(row.start, zoneOf(row.path))).at(-1);
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
  const hourly = askAll("kpis", { path, period: "hour", kpi: OF_HOUR, limit: 10_000, ...range });
  const told = one.equipment.state_signal ? await readStates(path, range) : { spans: [], knownUntil: null };
  const byStart = new Map();
  for (const row of await hourly) {
    const start = Date.parse(row.start);
    if (!byStart.has(start)) byStart.set(start, {});
    byStart.get(start)[row.kpi] = row;
  }
  return { ...told, byStart };
}

async function readStates(path, range) {
  const spans = [];
  let token = null;
  let knownUntil = null;
  do {
    const body = await ask(`equipment/${below(path)}/states`, { ...range, limit: 10_000, page_token: token });
    spans.push(...body.items.map((span) => ({ state: span.state, raw: span.raw, from: Date.parse(span.start), to: Date.parse(span.end) })));
    token = body.next_page_token;
    knownUntil = body.known_until;
  } while (token !== null);
  return { spans, knownUntil };
}

async function readNumbers() {
  const { date, results } = await resultsOfDay(shown.day);
  shown.day = date ?? dayOf(Date.now(), zoneOf(shown.park.id));
  if (!find(shown.chosen)) shown.chosen = (machines().find((one) => one.equipment.state_signal) ?? machines()[0])?.equipment.path ?? "";
  const one = find(shown.chosen);
  const zone = one?.zone ?? zoneOf(shown.park.id);
  const window = { start: midnight(shown.day, zone), end: midnight(shifted(shown.day, 1), zone) };
  const range = { start: iso(window.start), end: iso(window.end) };
  const [told, recent, gaps] = await Promise.all([
    one ? readMachine(one, window) : null,
    ask("alerts", { state: "normal", limit: RECENT, ...range }),
    ask("gaps", { limit: 100, ...range }),
  ]);
  return { results, window, told, recent: recent.items, more: recent.next_page_token !== null, gaps: gaps.items };
}

async function refresh() {
  shown.park ??= await ask("assets", { signals: false });
  const [sources, alerts, scores] = await Promise.all([
    askAll("sources"),
    askAll("alerts", { state: OPEN, limit: 1000 }),
    askAll("health-scores", { limit: 1000 }),
  ]);
  const wanted = JSON.stringify([shown.chosen, shown.pinned && shown.day, language(), sources.map((one) => [one.name, one.samples, one.state])]);
  const stale = Date.now() - shown.numbersAt >= NUMBERS_EVERY_MS;
  if (shown.data === null || wanted !== shown.numbersOf || stale) {
    if (!shown.pinned) shown.day = null;
    const asked = [shown.chosen, shown.pinned, language()].join();
    const numbers = await readNumbers();
    shown.data = { ...shown.data, ...numbers };
    shown.numbersAt = Date.now();
    shown.numbersOf = asked === [shown.chosen, shown.pinned, language()].join() ? wanted : "";
  }
  shown.data = { ...shown.data, sources, alerts, scores };
  shown.answered = Date.now();
}

// ── showing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function show() {
  const { park, data, chosen, day } = shown;
  const now = Date.now();
  const until = dataUntil(data.sources);
  const speak = language();
  document.documentElement.lang = locale();
  document.title = `${titled(park.title)} · parkline`;
  place("park").textContent = titled(park.title);
  render(place("day"), [speak, day, shown.pinned], () => dayPicker());
  render(place("until"), [speak, until, Math.floor(now / 60_000)], () => untilLine(until, now));
  render(place("tools"), [speak, key.get() !== ""], () => tools());
  const results = [...data.results];
  render(place("tiles"), [speak, results, data.alerts, scoresAsShown(data.scores), data.sources], () =>
    tiles(park, data.results, data.alerts, data.scores, data.sources, choose),
  );
  render(place("overview"), [speak, results, chosen], () => overview(park, data.results, chosen, choose));
  showMachine(speak);
  const clockOfData = until ?? now;
  render(place("alerts"), [speak, data.alerts, data.recent, shown.filter, clockOfData], () =>
    alertList(data.alerts, data.recent, data.more, shown.filter, site),
  );
  render(place("sources"), [speak, data.sources], () => lists.sources(data.sources, zoneOf));
  const lines = new Map(data.sources.map((source) => [source.name, source.line]));
  render(place("gaps"), [speak, data.gaps, clockOfData], () => lists.gaps(data.gaps, (source) => zoneOf(lines.get(source) ?? ""), clockOfData));
  place("main").hidden = false;
}

function showMachine(speak) {
  const { data, chosen, day } = shown;
  const one = find(chosen);
  if (one === null) {
    render(place("machine-standing"), [speak], () => h("p", { class: "quiet" }, say("machine.choose")));
    for (const part of ["machine-condition", "machine-day"]) render(place(part), null, () => []);
    return;
  }
  const told = { ...one, day: data.window, ...data.told, results: data.results.get(chosen) };
  const context = [speak, chosen, day, data.told, [...data.told.byStart], told.results];
  const score = data.scores.find((other) => other.equipment === chosen) ?? null;
  const own = data.alerts.filter((alert) => alert.equipment === chosen);
  render(place("machine-standing"), context, () => machine.standing(one.factory, told));
  render(place("machine-condition"), [speak, chosen, scoresAsShown([score]), own], () => machine.condition(score, own, one.zone, read));
  render(place("machine-day"), context, () => machine.day(told));
}

/** What is seen of scores: `at` changes more often than that. */
function scoresAsShown(scores) {
  return scores.map((one) => one && { ...one, at: null });
}

/** Until when anything is known, in ms, by the machines' clocks; null before the first sample. */
function dataUntil(sources) {
  const known = sources.map((source) => source.horizon ?? source.last_time).filter((one) => one !== null);
  return known.length ? Math.max(...known.map((one) => Date.parse(one))) : null;
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

function dayPicker() {
  const step = (days, label, sign) =>
    h("button", { type: "button", class: "step", title: say(label), "aria-label": say(label), "data-focus": label, click: () => showDay(shifted(shown.day, days)) }, sign);
  return [
    step(-1, "day.previous", "‹"),
    h("input", {
      type: "date",
      "aria-label": say("day.choose"),
      "data-focus": "day",
      value: shown.day,
      change: (event) => event.target.value && showDay(event.target.value),
    }),
    h("span", { class: "weekday" }, weekday(shown.day)),
    step(1, "day.next", "›"),
    h("button", { type: "button", class: "latest", "aria-pressed": String(!shown.pinned), "data-focus": "latest", click: () => showDay(null) }, say("day.latest")),
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
  while (wantedAgain) {
    wantedAgain = false;
    await round();
  }
  running = false;
  if (!document.hidden) timer = setTimeout(again, EVERY_MS);
}

async function round() {
  try {
    await refresh();
    writeAddress();
    show();
    notice();
    if (linked) read(linked);
    linked = "";
    await detail.refresh();
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      key.set(await askForKey(key.get() ? error.detail : ""));
      wantedAgain = true;
    } else if (error instanceof Problem) {
      notice(error.title, error.detail, error.remedy);
    } else {
      notice(say("notice.offline", shown.answered ? stamp(shown.answered, "UTC") + " UTC" : "–"));
      if (error.constructor.name !== "Silence") throw error;
    }
  }
}

window.addEventListener("hashchange", () => {
  linked = readAddress();
  again();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) again();
});

document.documentElement.lang = locale();
notice(say("notice.loading"));
linked = readAddress();
again();
