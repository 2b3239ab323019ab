// One POST, sent once: what Bitrix24's queue servers do, and what a browser does with a page's form.

import http from "node:http";
import https from "node:https";

/** So much of an answer is kept; Bitrix24 reads none of it. */
const KEPT_CHARACTERS = 100_000;

/**
 * POSTs a form. A URL whose origin stands in `world.origins` goes to the address there, and keeps its `host`. Redirects are
 * not followed. Returns `{ status, body, took_ms }`, or `{ error, took_ms }` if no answer came.
 */
export function postForm(world, url, body, { headers = {}, timeout = world.settings.queue_timeout_ms } = {}) {
  const start = performance.now();
  const took = () => Math.round(performance.now() - start);
  return new Promise((resolve) => {
    let meant;
    let target;
    try {
      meant = new URL(url);
      target = new URL(world.origins.get(meant.origin) ?? meant.origin);
    } catch (error) {
      return resolve({ error: error.message, took_ms: 0 });
    }
    const options = {
      method: "POST",
      // A connection of its own: one that was kept may be closed just then, and there is no second attempt.
      agent: false,
      headers: { host: meant.host, "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body), ...headers },
      signal: AbortSignal.timeout(timeout),
    };
    const request = (target.protocol === "https:" ? https : http).request(new URL(meant.pathname + meant.search, target), options);
    const failed = (error) =>
      resolve({
        error: error.name === "AbortError" || error.name === "TimeoutError" ? `no answer within ${timeout} ms` : error.code || error.message,
        took_ms: took(),
      });
    request.on("error", failed).on("response", (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("error", failed)
        .on("data", (chunk) => (text = (text + chunk).slice(0, KEPT_CHARACTERS)));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: text, took_ms: took() }));
    });
    request.end(body);
  });
}
