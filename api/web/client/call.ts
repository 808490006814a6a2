// Asks the API for one operation. A problem (RFC 9457) becomes a `Problem`; no answer at all a `Silence`.
//
// `operations.ts` has a function per operation: its parameters are `path`, `query` and `header`, its JSON is `body`.
//
//     access.key = () => "…";
//     const { items } = await listKpis({ query: { path: ["gears"], period: "day" } });
//     const gaps = await all(listGaps, { query: { state: ["open"] } });

import type { components, operations } from "./schema.js";

/** What the API speaks of, by name. */
export type Schemas = components["schemas"];

/** An operation, by its id. */
export type Name = keyof operations;

type Json<R> = R extends { content: { "application/json": infer T } } ? T : never;
type Good<R> = R[keyof R & (200 | 201 | 202)];

/** What an operation answers; null: nothing. */
export type Answer<N extends Name> = [Json<Good<operations[N]["responses"]>>] extends [never] ? null : Json<Good<operations[N]["responses"]>>;

type Body<N extends Name> = operations[N] extends { requestBody: { content: { "application/json": infer B } } }
  ? { body: B }
  : operations[N] extends { requestBody?: { content: { "application/json": infer B } } }
    ? { body?: B }
    : unknown;

/** What an operation is asked with. */
export type Given<N extends Name> = Omit<operations[N]["parameters"], "cookie"> & Body<N>;

/** The arguments of an operation: what it is asked with may be left out where nothing of it is needed. */
export type Asked<N extends Name> = object extends Given<N> ? [given?: Given<N>, by?: Partial<Access>] : [given: Given<N>, by?: Partial<Access>];

/** How the API is asked. */
export interface Access {
  /** Where it is: what stands before `/api`; empty: where this file came from. */
  base: string;
  /** Gives the key; empty: none is sent. */
  key: () => string;
  /** Milliseconds in which it must answer. */
  patience: number;
}

/** How the API is asked, unless a call says otherwise. */
export const access: Access = { base: "", key: () => "", patience: 40_000 };

/** The API answered with a problem. */
export class Problem extends Error {
  /** URI of its kind, which is what to branch on; empty: the answer was none of the API's. */
  type: string;
  status: number;
  title: string;
  detail: string;
  /** What to do about it. */
  remedy: string;
  /** Seconds to wait before asking again; null: it does not say. */
  retryAfter: number | null;

  constructor(body: Pick<Schemas["ProblemView"], "status" | "title" | "detail"> & Partial<Schemas["ProblemView"]>, retryAfter: number | null = null) {
    super(body.detail || body.title);
    this.type = body.type ?? "";
    this.status = body.status;
    this.title = body.title;
    this.detail = body.detail;
    this.remedy = body.remedy ?? "";
    this.retryAfter = retryAfter;
  }
}

/** The API did not answer. */
export class Silence extends Error {}

interface Loose {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  header?: Record<string, unknown>;
  body?: unknown;
}

/** Ask for an operation and give its answer as it comes: a file, a stream. */
export async function open<N extends Name>(method: string, template: string, ...[given, by]: Asked<N>): Promise<Response> {
  const { path = {}, query = {}, header = {}, body } = (given ?? {}) as Loose;
  const { base, key, patience } = { ...access, ...by };
  const headers = new Headers();
  for (const [name, value] of told(header)) headers.set(name, value);
  if (key()) headers.set("Authorization", `Bearer ${key()}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const address = template.replace(/\{(\w+)\}/g, (_, name: string) => below(String(path[name])));
  const asked = new URLSearchParams(told(query)).toString();
  let response: Response;
  try {
    response = await fetch(`${base}${address}${asked ? `?${asked}` : ""}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
  } catch (error) {
    throw new Silence(error instanceof Error ? error.message : String(error));
  }
  if (response.ok) return response;
  throw await problemOf(response);
}

/** Ask for an operation and give what it answers. */
export async function call<N extends Name>(method: string, template: string, ...asked: Asked<N>): Promise<Answer<N>> {
  const response = await open<N>(method, template, ...asked);
  if (response.status === 204) return null as Answer<N>;
  return response.json().catch(async () => {
    throw await problemOf(response);
  });
}

/** One page of a list. */
interface Page<R> {
  items: R[];
  next_page_token: string | null;
}

/** Ask for all pages of a list, of `most` at most, and give their rows. */
export async function all<Q, R>(operation: (given: Q) => Promise<Page<R>>, given: NonNullable<NoInfer<Q>>, most = 20): Promise<R[]> {
  const items: R[] = [];
  let token: string | null = "";
  for (let page = 0; page < most && token !== null; page += 1) {
    const answer: Page<R> = await operation({ ...given, query: { ...(given as Loose).query, page_token: token } });
    items.push(...answer.items);
    token = answer.next_page_token;
  }
  return items;
}

/** The address of an asset below others: each segment escaped, the slashes kept. */
function below(asset: string): string {
  return asset.split("/").map(encodeURIComponent).join("/");
}

/** Names and values as they are sent: null is left out, a list is repeated. */
function told(values: Record<string, unknown>): [string, string][] {
  return Object.entries(values).flatMap(([name, value]) =>
    [value]
      .flat()
      .filter((one) => one !== null && one !== undefined)
      .map((one): [string, string] => [name, String(one)]),
  );
}

async function problemOf(response: Response): Promise<Problem> {
  const none = { status: response.status, title: response.statusText, detail: response.statusText };
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const body = await response.json().catch(() => none);
  return new Problem({ ...none, ...body }, Number.isNaN(seconds) ? null : seconds);
}
