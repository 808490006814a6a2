// Made from call.ts by `make contract`.

// Asks the API for one operation. A problem (RFC 9457) becomes a `Problem`; no answer at all a `Silence`.
//
// `operations.ts` has a function per operation: its parameters are `path`, `query` and `header`, its JSON is `body`.
//
//     access.key = () => "…";
//     const { items } = await listKpis({ query: { path: ["gears"], period: "day" } });
//     const gaps = await all(listGaps, { query: { state: ["open"] } });
/** How the API is asked, unless a call says otherwise. */
export const access = { base: "", key: () => "", patience: 40_000 };
/** The API answered with a problem. */
export class Problem extends Error {
    /** URI of its kind, which is what to branch on; empty: the answer was none of the API's. */
    type;
    status;
    title;
    detail;
    /** What to do about it. */
    remedy;
    /** Seconds to wait before asking again; null: it does not say. */
    retryAfter;
    constructor(body, retryAfter = null) {
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
export class Silence extends Error {
}
/** Ask for an operation and give its answer as it comes: a file, a stream. */
export async function open(method, template, ...[given, by]) {
    const { path = {}, query = {}, header = {}, body } = (given ?? {});
    const { base, key, patience } = { ...access, ...by };
    const headers = new Headers();
    for (const [name, value] of told(header))
        headers.set(name, value);
    if (key())
        headers.set("Authorization", `Bearer ${key()}`);
    if (body !== undefined)
        headers.set("Content-Type", "application/json");
    const address = template.replace(/\{(\w+)\}/g, (_, name) => below(String(path[name])));
    const asked = new URLSearchParams(told(query)).toString();
    let response;
    try {
        response = await fetch(`${base}${address}${asked ? `?${asked}` : ""}`, {
            method,
            headers,
            body: body === undefined ? null : JSON.stringify(body),
            signal: AbortSignal.timeout(patience),
        });
    }
    catch (error) {
        throw new Silence(error instanceof Error ? error.message : String(error));
    }
    if (response.ok)
        return response;
    throw await problemOf(response);
}
/** Ask for an operation and give what it answers. */
export async function call(method, template, ...asked) {
    const response = await open(method, template, ...asked);
    if (response.status === 204)
        return null;
    return response.json().catch(async () => {
        throw await problemOf(response);
    });
}
/** Ask for all pages of a list, of `most` at most, and give their rows. */
export async function all(operation, given, most = 20) {
    const items = [];
    let token = "";
    for (let page = 0; page < most && token !== null; page += 1) {
        const answer = await operation({ ...given, query: { ...given.query, page_token: token } });
        items.push(...answer.items);
        token = answer.next_page_token;
    }
    return items;
}
/** The address of an asset below others: each segment escaped, the slashes kept. */
function below(asset) {
    return asset.split("/").map(encodeURIComponent).join("/");
}
/** Names and values as they are sent: null is left out, a list is repeated. */
function told(values) {
    return Object.entries(values).flatMap(([name, value]) => [value]
        .flat()
        .filter((one) => one !== null && one !== undefined)
        .map((one) => [name, String(one)]));
}
async function problemOf(response) {
    const none = { status: response.status, title: response.statusText, detail: response.statusText };
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    const body = await response.json().catch(() => none);
    return new Problem({ ...none, ...body }, Number.isNaN(seconds) ? null : seconds);
}
