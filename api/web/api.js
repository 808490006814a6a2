// Asks the API. A problem (RFC 9457) becomes a `Problem`; no answer at all a `Silence`.

const KEPT = "parkline.key";

/** The API answered with a problem. */
export class Problem extends Error {
  constructor(body) {
    super(body.detail || body.title);
    this.status = body.status;
    this.title = body.title;
    this.detail = body.detail;
    this.remedy = body.remedy ?? "";
  }
}

/** The API did not answer. */
export class Silence extends Error {}

export const key = {
  /** The key of this tab; empty: none. */
  get: () => sessionStorage.getItem(KEPT) ?? "",
  set: (text) => sessionStorage.setItem(KEPT, text),
  forget: () => sessionStorage.removeItem(KEPT),
};

const PATIENCE_MS = 40_000;

/** Ask for `path` with `parameters`; those that are null are left out, lists are repeated. */
export function ask(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined) query.append(name, one);
  }
  return answer(`/api/v1/${path}?${query}`, {}, key.get());
}

/** Have something done: `method` at `path`, with `body` as JSON, by whoever holds `text`. */
export function send(method, path, body, text) {
  const content = body === null ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return answer(`/api/v1/${path}`, { method, ...content }, text);
}

async function answer(address, request, text) {
  const headers = { ...request.headers, ...(text ? { Authorization: `Bearer ${text}` } : {}) };
  let response;
  try {
    response = await fetch(address, { ...request, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    throw new Silence(error.message);
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  throw new Problem(body ?? { status: response.status, title: response.statusText, detail: response.statusText });
}

const PAGES_AT_MOST = 20;

/** Ask for all pages of a list. */
export async function askAll(path, parameters = {}) {
  const items = [];
  let token = null;
  for (let page = 0; page < PAGES_AT_MOST; page += 1) {
    const body = await ask(path, { ...parameters, page_token: token });
    items.push(...body.items);
    token = body.next_page_token;
    if (token === null) break;
  }
  return items;
}

/** The address of what hangs below an asset: each segment escaped, the slashes kept. */
export function below(asset) {
  return asset.split("/").map(encodeURIComponent).join("/");
}
