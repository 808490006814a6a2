// Encodes and decodes payloads of Sparkplug B by another hand than ours, run by tests/servers/sparkplug_payload.py.
//
// Commands come as JSON lines on stdin; each is answered by one JSON line. Whole numbers beyond 2^53 are texts.
//
//   {"do": "encode", "payload": {…}}            {"done": base64}
//   {"do": "decode", "payload": base64}         {"done": {…}}
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import sparkplug from "sparkplug-payload";

const Long = createRequire(import.meta.resolve("sparkplug-payload"))("long");

const { encodePayload, decodePayload } = sparkplug.get("spBv1.0");

const WHOLE = new Set(["Int64", "UInt32", "UInt64", "DateTime"]);

function given(metric) {
  return WHOLE.has(metric.type) && metric.value !== null
    ? { ...metric, value: Long.fromString(String(metric.value), metric.type !== "Int64") }
    : metric;
}

function plain(key, value) {
  return Long.isLong(value) ? value.toString() : value;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, payload } = JSON.parse(line);
  let answer;
  try {
    if (what === "encode") {
      const metrics = payload.metrics.map(given);
      answer = { done: Buffer.from(encodePayload({ ...payload, metrics })).toString("base64") };
    } else {
      answer = { done: decodePayload(Buffer.from(payload, "base64")) };
    }
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer, plain));
}
