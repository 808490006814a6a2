// The park as the page shows it: its factories, the lines in them and their machines, as far as the reader may see them.

import { all } from "./api.js";
import { listEquipment, listFactories, listLines, listParks } from "./client/operations.js";

/** @import { Schemas } from "./client/call.js" */

/** @typedef {Omit<Schemas["LineView"], "equipment"> & { equipment: Schemas["EquipmentView"][] }} Line */
/** @typedef {Omit<Schemas["FactoryView"], "lines"> & { lines: Line[] }} Factory */
/** @typedef {Omit<Schemas["ParkView"], "factories"> & { factories: Factory[] }} Park */

const MOST = { query: { limit: 1000 } };
const order = new Intl.Collator("en", { numeric: true });

/**
 * Read the park.
 *
 * @returns {Promise<Park>}
 */
export async function readPark() {
  const [parks, factories, lines, equipment] = await Promise.all([
    listParks({}),
    all(listFactories, MOST),
    all(listLines, MOST),
    all(listEquipment, MOST),
  ]);
  const machines = grouped(equipment, (machine) => machine.line);
  const filled = lines.map((line) => ({ ...line, equipment: machines.get(line.path) ?? [] }));
  const ofFactory = grouped(filled, (line) => line.factory);
  return {
    ...parks.items[0],
    factories: factories.sort(byPath).map((factory) => ({ ...factory, lines: ofFactory.get(factory.path) ?? [] })),
  };
}

/**
 * What numbers of the whole are of: the park, or the only factory of a reader who may not see all of it; null: there are none.
 *
 * @param {Park} park
 * @param {Map<string, unknown> | null} results
 */
export function whole(park, results) {
  if (results === null || results.has(park.id) || results.size === 0) return park;
  return park.factories.length === 1 ? park.factories[0] : null;
}

function byPath(one, other) {
  return order.compare(one.path, other.path);
}

/** Things by what they are in, each in the order of their paths, `hob-2` before `hob-10`. */
function grouped(things, place) {
  const found = new Map();
  for (const thing of [...things].sort(byPath)) {
    if (!found.has(place(thing))) found.set(place(thing), []);
    found.get(place(thing)).push(thing);
  }
  return found;
}
