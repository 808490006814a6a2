// Figures of a window: what they are, why one is not there, and whether it was told otherwise before.

import { coded, h } from "./dom.js";
import { FIGURES } from "./states.js";
import { percent, stamp } from "./time.js";
import { say } from "./words.js";

/** @import { Schemas } from "./client/call.js" */

/**
 * A ratio; where the API says something of it, the text is there for whoever points at it.
 *
 * @param {Schemas["ResultView"] | undefined} result
 */
export function figure(result) {
  const note = result?.note;
  return h("span", note ? { class: "noted", title: note } : null, percent(result?.value));
}

/**
 * A mark at a number that was told otherwise before; nothing at others.
 *
 * @param {Schemas["ResultView"] | undefined} result
 */
export function restated(result, zone = "UTC") {
  if (!(result?.version > 1)) return null;
  const title = say("restated.why", result.version, stamp(result.computed, zone), result.reason);
  return h("span", { class: "restated", title }, say("restated"));
}

/**
 * The figures of a machine's day, and why some are not there.
 *
 * @param {Record<string, Schemas["ResultView"]> | undefined} results
 */
export function figures(results, zone) {
  if (!results) return null;
  const odd = new Map();
  for (const slug of FIGURES) {
    const note = results[slug]?.note;
    if (note) odd.set(note, [...(odd.get(note) ?? []), say(`figure.${slug}`)]);
  }
  return [
    h(
      "dl",
      { class: "figures" },
      FIGURES.map((slug) =>
        h("div", { "data-kpi": slug }, h("dt", { title: say(`figure.${slug}.full`) }, say(`figure.${slug}`)), h("dd", null, figure(results[slug]))),
      ),
      restated(results.utilisation, zone),
    ),
    ...[...odd].map(([note, names]) => h("p", { class: "remark" }, h("strong", null, names.join(say("list.comma"))), " ", coded(note))),
  ];
}
