// The built relay under Miniflare, for one test. The only argument is JSON:
//   options      what wrangler reads from the project's wrangler.toml
//   build        directory of index.js and index_bg.wasm
//   state        directory for KV and the objects' SQLite
//   vars         variables and secrets
//   environment  environment of workerd itself
//   inspection   whether the objects can be looked into and evicted; Miniflare then writes a table of its own into each
//   entry        a module of the test that stands before the build's own entry (optional)
//   forwardTo    where the service binding INTERNAL sends what it gets (optional)
//   queueTo      where a consumer of the queue behind EVENTS_QUEUE sends each message (optional)
//   assets       whether the platform's router stands before the Worker, and serves the dashboard; else the Worker is alone (optional)
//   simulator    where everything goes that the relay sends to other machines (optional)
// Prints {"url","control"} when all is ready. It lives until its process group is killed.
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const setup = JSON.parse(process.argv[2]);
const here = import.meta.dirname;
const RELAY = "relay";
const logs = [];

const script = { type: "ESModule", path: path.join(setup.build, "index.js") };
const wasm = { type: "CompiledWasm", path: path.join(setup.build, "index_bg.wasm") };
// Named as if it lay beside the build, so that it imports the build; the build itself stays as it is.
const entry = setup.entry && {
  type: "ESModule",
  path: path.join(setup.build, setup.entry),
  contents: readFileSync(path.join(here, setup.entry), "utf8"),
};

const { assets, ...options } = setup.options;
const relay = {
  ...options,
  ...(setup.assets ? { assets } : {}),
  name: RELAY,
  modulesRoot: setup.build,
  modules: [...(entry ? [entry] : []), script, wasm],
  bindings: { ...setup.options.bindings, ...setup.vars },
  ...(setup.forwardTo ? { serviceBindings: { INTERNAL: "internal" } } : {}),
  ...(setup.queueTo ? { queueProducers: { EVENTS_QUEUE: { queueName: "events" } } } : {}),
  ...(setup.simulator ? { outboundService: "outside" } : {}),
};

const helper = (name, file, bindings, more = {}) => ({
  ...more,
  name,
  compatibilityDate: setup.options.compatibilityDate,
  modules: true,
  script: readFileSync(path.join(here, file), "utf8"),
  bindings,
});
const queueConsumers = { events: { maxBatchSize: 10, maxBatchTimeout: 1 } };
const helpers = [
  ...(setup.forwardTo ? [helper("internal", "internal-endpoint.mjs", { FORWARD_TO: setup.forwardTo })] : []),
  ...(setup.queueTo ? [helper("consumer", "queue-consumer.mjs", { QUEUE_TO: setup.queueTo }, { queueConsumers })] : []),
  ...(setup.simulator ? [helper("outside", "outside.mjs", { SIMULATOR: setup.simulator })] : []),
];

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    resourcePersistencePath: setup.state,
    unsafeInspectDurableObjects: setup.inspection,
    unsafeRuntimeEnv: setup.environment,
    handleStructuredLogs: ({ level, message }) => logs.push(`${level} ${message}`),
    workers: [relay, ...helpers],
  }),
);
const url = (await miniflare.ready).origin;
const installs = () => miniflare.getKVNamespace("INSTALLS", RELAY);

// What a test can do from outside, each a POST of JSON to /<name>.
const operations = {
  sql: async ({ class: className, name, query, parameters }) => {
    const storage = await miniflare.unsafeGetDurableObjectStorage(RELAY, className, { name });
    return storage.exec(query, ...parameters);
  },
  evict: ({ class: className, name }) => miniflare.unsafeEvictDurableObject(RELAY, className, { name }),
  scheduled: async () => {
    await (await miniflare.getWorker(RELAY)).scheduled({ cron: "*/5 * * * *" });
  },
  "kv-get": async ({ key }) => (await installs()).get(key),
  "kv-list": async ({ prefix }) => (await (await installs()).list({ prefix })).keys.map(({ name }) => name),
  // In seconds since 1970; none for what stays.
  "kv-expiration": async ({ key }) => (await (await installs()).list({ prefix: key })).keys.find(({ name }) => name === key)?.expiration,
  "kv-put": async ({ key, value }) => (await installs()).put(key, value),
  "kv-delete": async ({ key }) => (await installs()).delete(key),
  logs: () => logs,
};

const control = http.createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const result = await operations[request.url.slice(1)](JSON.parse(Buffer.concat(chunks)));
    response.end(JSON.stringify(result ?? null));
  } catch (error) {
    response.statusCode = 500;
    response.end(JSON.stringify(String(error?.stack ?? error)));
  }
});
control.listen(0, "127.0.0.1", () =>
  console.log(JSON.stringify({ url, control: `http://127.0.0.1:${control.address().port}` })),
);
