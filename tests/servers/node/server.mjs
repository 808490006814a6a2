// An OPC UA server of another family than the client under test, run by tests/servers/node_opcua.py.
//
// Options come as one JSON argument, commands as JSON lines on stdin; each is answered by one JSON line on the descriptor
// that `options.answers` numbers, `{"done": …}` or `{"error": text}`. The first line tells the endpoint. The end of stdin
// ends the server. What node-opcua itself prints is its log.
//
//   {"do": "add", "nodes": [{"node": "speed", "type": "Double", "value": 1.5}]}       variables; one of that name goes
//                                                                          "historize": true: what they say is kept
//   {"do": "write", "values": [{"node", "type", "value", "status", "time", "ticks"}]}  all in one turn of the loop
//   {"do": "delete", "node": "speed"}
//   {"do": "refuse", "service": "CreateSubscription", "status": "BadTooManySubscriptions"}   "status": null ends it
//   {"do": "counts"}                                                                    of sessions and subscriptions
//
// `time` is milliseconds since 1970, `ticks` (0 to 9999) hundreds of nanoseconds on top of it; without a time it is now.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  coerceNodeId,
  DataType,
  DataValue,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  ServiceFault,
  StatusCodes,
  Variant,
  VariantArrayType,
} from "node-opcua";

const options = JSON.parse(process.argv[2]);
const modes = { none: MessageSecurityMode.None, sign: MessageSecurityMode.Sign, sign_and_encrypt: MessageSecurityMode.SignAndEncrypt };
const secured = options.security.some((mode) => mode !== "none");

const certificates = new OPCUACertificateManager({
  rootFolder: `${options.folder}/pki`,
  automaticallyAcceptUnknownCertificate: options.trusting,
});

const server = new OPCUAServer({
  port: options.port,
  host: "127.0.0.1",
  hostname: "127.0.0.1",
  resourcePath: "/park",
  serverInfo: { applicationUri: "urn:parkline:test:server", productUri: "urn:parkline:test" },
  serverCertificateManager: certificates,
  securityModes: options.security.map((mode) => modes[mode]),
  securityPolicies: [SecurityPolicy.None, ...(secured ? [SecurityPolicy.Basic256Sha256] : [])],
  allowAnonymous: options.anonymous,
  userManager: { isValidUser: (name, password) => options.users[name] === password },
  maxConnectionsPerEndpoint: 50,
  serverCapabilities: {
    maxSessions: 50,
    minSupportedSampleRate: options.coalescing,
    operationLimits: { maxMonitoredItemsPerCall: options.items, maxNodesPerHistoryReadData: options.historized },
  },
});
await server.initialize();
const space = server.engine.addressSpace;
const namespace = space.registerNamespace(options.namespace);

const refused = new Map();
for (const service of ["CreateSubscription", "CreateMonitoredItems", "Publish", "CreateSession", "Read", "HistoryRead"]) {
  const name = `_on_${service}Request`;
  const usual = server[name].bind(server);
  server[name] = (message, channel) => {
    const status = refused.get(service);
    if (status === undefined) return usual(message, channel);
    const fault = new ServiceFault({ responseHeader: { serviceResult: StatusCodes[status] } });
    return channel.send_response("MSG", fault, message, () => {});
  };
}

const identify = (node) => coerceNodeId(`ns=${namespace.index};s=${node}`);

const find = (node) => {
  const found = space.findNode(identify(node));
  if (!found) throw new Error(`no node ${node}`);
  return found;
};

const typed = (type, value) => {
  const dataType = DataType[type];
  if (dataType === DataType.Null || value === null) return new Variant({ dataType: DataType.Null });
  const array = Array.isArray(value) && !["Int64", "UInt64"].includes(type);
  if (["Int64", "UInt64"].includes(type)) {
    const bits = BigInt.asUintN(64, BigInt(value));
    value = [Number(bits >> 32n), Number(bits & 0xffffffffn)];
  }
  if (typeof value === "string" && /^(S?Byte|U?Int\d+|Float|Double)$/.test(type)) {
    value = { nan: NaN, inf: Infinity, "-inf": -Infinity }[value] ?? Number(value);
  }
  if (type === "DateTime") value = new Date(value);
  if (type === "ByteString") value = Buffer.from(value);
  return new Variant({ dataType, value, arrayType: array ? VariantArrayType.Array : VariantArrayType.Scalar });
};

const types = new Map();

const commands = {
  add({ nodes, historize }) {
    for (const { node, type, value } of nodes) {
      types.set(node, type);
      const old = space.findNode(identify(node));
      if (old) space.deleteNode(old);
      const variable = namespace.addVariable({
        organizedBy: space.rootFolder.objects,
        nodeId: `s=${node}`,
        browseName: node,
        dataType: type,
        valueRank: Array.isArray(value) ? 1 : -1,
        minimumSamplingInterval: 0,
        ...(historize ? { accessLevel: "CurrentRead | CurrentWrite | HistoryRead", historizing: true } : {}),
      });
      if (historize) space.installHistoricalDataNode(variable, { maxOnlineValues: 100_000 });
      variable.setValueFromSource(typed(type, value));
    }
    return nodes.length;
  },
  write({ values }) {
    for (const { node, type, value, status, time, ticks } of values) {
      const written = new DataValue({
        value: typed(type ?? types.get(node), value),
        statusCode: StatusCodes[status ?? "Good"],
        sourceTimestamp: new Date(time ?? Date.now()),
        sourcePicoseconds: (ticks ?? 0) * 100_000,
        serverTimestamp: new Date(),
        serverPicoseconds: 0,
      });
      find(node)._internal_set_dataValue(written);
    }
    return values.length;
  },
  delete({ node }) {
    space.deleteNode(find(node));
    return node;
  },
  refuse({ service, status }) {
    if (status === null) refused.delete(service);
    else refused.set(service, status);
    return service;
  },
  counts() {
    const { currentSessionCount: sessions, currentSubscriptionCount: subscriptions } = server.engine;
    return { sessions, subscriptions };
  },
};

const say = (answer) => writeSync(options.answers, `${JSON.stringify(answer)}\n`);

await server.start();
say({ done: server.endpoints[0].endpointDescriptions()[0].endpointUrl });

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const command = JSON.parse(line);
    say({ done: commands[command.do](command) });
  } catch (error) {
    say({ error: String(error.message ?? error) });
  }
}
await server.shutdown(0);
process.exit(0);
