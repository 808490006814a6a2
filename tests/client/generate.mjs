// Makes the page's client from the description of the API: `node generate.mjs openapi.json folder`.
//
//     schema.d.ts       the types of what is asked and answered, by openapi-typescript
//     operations.ts     a function per operation
//     operations.js     both as browsers run them, without types; call.js from call.ts, which is written by hand
//
// Types hold what a caller needs: problems are one type for all, and examples are in /docs.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [, , description, folder] = process.argv;
const api = JSON.parse(await readFile(description, "utf8"));
const METHODS = ["get", "put", "post", "delete", "patch"];
const SCHEMA = "// The types of the API. Made from docs/openapi.json by `make contract`.\n\n";
const OPERATIONS = `// The operations of the API. Made from docs/openapi.json by \`make contract\`.

import { type Asked, call, open } from "./call.js";
`;

function bare(node) {
  if (Array.isArray(node)) return node.map(bare);
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(Object.entries(node).flatMap(([name, value]) => (name === "example" || name === "examples" ? [] : [[name, bare(value)]])));
}

function operationsOf(paths) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => method in methods).map((method) => ({ path, method, ...methods[method] })),
  );
}

async function typesOf() {
  const slim = bare(api);
  delete slim.components.headers;
  delete slim.components.responses;
  for (const methods of Object.values(slim.paths)) {
    for (const method of METHODS.filter((one) => one in methods)) {
      const { responses } = methods[method];
      for (const status of Object.keys(responses)) {
        if (status < "300") delete responses[status].headers;
        else delete responses[status];
      }
      delete methods[method].summary;
      delete methods[method].description;
    }
  }
  const nodes = await openapiTS(slim, { defaultNonNullable: false });
  return SCHEMA + astToString(nodes.filter((node) => ["components", "operations"].includes(node.name?.text)));
}

/** Whether its answer is read as JSON, or has none to read. */
function read({ responses }) {
  const good = Object.entries(responses).filter(([status]) => status < "300");
  return good.some(([, answer]) => !answer.content || "application/json" in answer.content);
}

function functionOf(operation) {
  const how = read(operation) ? "call" : "open";
  const note = operation.deprecated ? `${operation.summary}.\n *\n * @deprecated ${/use `([^`]+)`/.exec(operation.description)?.[1] ?? ""}\n ` : `${operation.summary}. `;
  const id = operation.operationId;
  const comment = operation.deprecated ? `/**\n * ${note}*/` : `/** ${note}*/`;
  return `\n${comment}\nexport const ${id} = (...asked: Asked<"${id}">) => ${how}<"${id}">("${operation.method.toUpperCase()}", "${operation.path}", ...asked);\n`;
}

function withoutTypes(text, name) {
  const made = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 }, fileName: name });
  return `// Made from ${name} by \`make contract\`.\n\n${made.outputText}`;
}

const operations = OPERATIONS + operationsOf(api.paths).map(functionOf).join("");
await writeFile(join(folder, "schema.d.ts"), await typesOf());
await writeFile(join(folder, "operations.ts"), operations);
await writeFile(join(folder, "operations.js"), withoutTypes(operations, "operations.ts"));
await writeFile(join(folder, "call.js"), withoutTypes(await readFile(join(folder, "call.ts"), "utf8"), "call.ts"));
