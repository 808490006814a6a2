// The page's way to the API: the key of this tab goes with what it asks for.

import { access } from "./client/call.js";

export { Problem, Silence, all } from "./client/call.js";

const KEPT = "parkline.key";

export const key = {
  /** The key of this tab; empty: none. */
  get: () => sessionStorage.getItem(KEPT) ?? "",
  /** @param {string} text */
  set: (text) => sessionStorage.setItem(KEPT, text),
  forget: () => sessionStorage.removeItem(KEPT),
};

access.key = key.get;
