// The simulator's HTTP: which host of the simulated world is meant, what goes wrong, and the record of it all.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { answerControl } from "./control/control.mjs";
import { answerOAuth } from "./oauth/oauth.mjs";
import { API_HOST, answerApi } from "./pages/api.mjs";
import { answerPage } from "./pages/pages.mjs";
import { answerRest, methodOf } from "./rest/rest.mjs";
import { readBody } from "./wire/body.mjs";
import { parametersOf } from "./wire/parse.mjs";
import { findPortal } from "./world/portal.mjs";
import { OAUTH_HOSTS } from "./world/zones.mjs";

/** No call of an application is longer. */
const MAX_BODY_BYTES = 8 << 20;

/** Listens on `port` of the loopback interface; 0 lets the system choose. */
export async function listen(world, port) {
  const server = http.createServer((request, response) => serve(world, request, response).catch((error) => fail(error, request, response)));
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return server;
}

async function serve(world, incoming, response) {
  const start = performance.now();
  const body = await readBody(incoming, MAX_BODY_BYTES);
  if (body === undefined) return response.writeHead(413).end();
  const request = meant(world, incoming, body);
  if (request === undefined) return send(response, { status: 400, body: { error: "this is no URL" } });
  const fault = request.host === undefined ? undefined : world.faults.next(request);
  const answer = await suffer(fault, () => answerFor(world, request));
  if (request.host !== undefined) note(world, request, answer, fault, start);
  if (answer === "broken") return incoming.socket.destroy();
  if (answer === "nothing") return undefined;
  send(response, answer);
}

/** A mistake of the simulator itself, or a caller that went away: it ends this request and no other. */
function fail(error, request, response) {
  if (request.destroyed || response.headersSent) return request.socket.destroy();
  process.stderr.write(`${error.stack}\n`);
  send(response, { status: 500, body: { error: "the simulator failed", description: error.message } });
}

/** What of a request counts: the host that it is for, however that was said. `undefined` where its URL is none. */
function meant(world, incoming, body) {
  const original = incoming.headers["x-original-url"];
  if (!URL.canParse(original ?? incoming.url, world.url)) return undefined;
  const url = new URL(original ?? incoming.url, world.url);
  let host = original === undefined ? undefined : url.host;
  let path = url.pathname;
  if (original === undefined) {
    // `/at/<host>/...` names a host of the world to whoever cannot send other hosts here.
    const at = /^\/at\/([^/]+)(\/.*)?$/.exec(path);
    const named = incoming.headers.host?.replace(/:(80|443)$/, "");
    if (at !== null) [host, path] = [at[1], at[2] ?? "/"];
    else if (isHost(world, named)) host = named;
    // A page in a frame knows no path of its portal but `/rest/`.
    else if (path.startsWith("/rest/") && world.portals.length === 1) host = world.portals[0].domain;
  }
  const method = path.startsWith("/oauth/token") ? "oauth/token" : methodOf(path);
  const parameters = parametersOf(url.search.slice(1), incoming.headers["content-type"], body);
  return {
    host,
    path,
    method,
    parameters,
    verb: incoming.method,
    search: url.search,
    headers: incoming.headers,
    body,
    caller: incoming.headers["cf-connecting-ip"] ?? incoming.socket.remoteAddress,
  };
}

const isHost = (world, host) => OAUTH_HOSTS.includes(host) || host === API_HOST || findPortal(world, host ?? "", "missing") !== undefined;

async function answerFor(world, request) {
  const { host, path, method, parameters } = request;
  if (host === undefined) return answerControl(world, request);
  if (OAUTH_HOSTS.includes(host))
    return (
      answerOAuth(world, host, path, parameters) ?? { status: 404, body: { error: "ERROR_METHOD_NOT_FOUND", error_description: "Method not found!" } }
    );
  if (host === API_HOST) return answerApi(path);
  const portal = findPortal(world, host, "missing");
  if (portal === undefined) return { status: 404, text: `The simulated world has no host ${host}.\n` };
  // A renamed portal sends everybody to its new address, and does not look at what they asked.
  if (portal.domain !== host) return { status: 302, headers: { location: `${world.address(portal.domain)}${path}${request.search}` }, text: "" };
  if (method === undefined) return answerPage(world, portal, request);
  if (request.verb === "OPTIONS") return { status: 204, headers: CORS, text: "" };
  return { ...answerRest(world, portal, method, parameters, request.caller), headers: CORS };
}

/** Pages call the REST from the origin of their own. */
const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "origin, content-type, accept" };

/** Serves under a fault. `broken` and `nothing` are what the caller gets instead of an answer. */
async function suffer(fault, serveIt) {
  switch (fault?.kind) {
    case "reset":
      return "broken";
    case "hang":
      return "nothing";
    case "answer":
      return {
        status: fault.status ?? 500,
        headers: fault.headers,
        body: fault.body ?? { error: "INTERNAL_SERVER_ERROR", error_description: "Internal server error" },
      };
    case "lose":
      await serveIt();
      return "broken";
    case "delay":
      await sleep(fault.ms ?? 1_000);
      return serveIt();
    default:
      return serveIt();
  }
}

function note(world, { host, path, method, verb, parameters, headers }, answer, fault, start) {
  const error = answer.body?.error;
  world.calls.add({
    host,
    verb,
    path,
    ...(method === undefined ? {} : { method }),
    parameters,
    user_agent: headers["user-agent"],
    status: answer.status ?? null,
    ...(error === undefined ? {} : { error }),
    ...(fault === undefined ? {} : { fault: fault.kind }),
    took_ms: Math.round(performance.now() - start),
  });
}

function send(response, { status, headers = {}, body, text, type }) {
  const content = body === undefined ? (text ?? "") : JSON.stringify(body);
  const kind = type ?? (body === undefined ? "text/plain; charset=utf-8" : "application/json; charset=utf-8");
  response.writeHead(status, { "content-type": kind, "cache-control": "no-store", ...headers }).end(status === 204 ? undefined : content);
}
