// The world outside of the relay, where it is simulated: what goes to this machine goes there, and everything else to the
// simulator, which is told the URL that was meant. A broken connection stays one, and a redirect stays one.
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

export default {
  async fetch(request, env) {
    const { hostname, pathname, search } = new URL(request.url);
    if (LOOPBACK.test(hostname)) return fetch(request, { redirect: "manual" });
    const headers = new Headers(request.headers);
    headers.set("x-original-url", request.url);
    return fetch(env.SIMULATOR + pathname + search, { method: request.method, headers, body: request.body, redirect: "manual" });
  },
};
