// Peer 1: what a good JavaScript developer would write, going by Cloudflare's documentation. The install comes from KV with
// `cacheTtl` for every event, the token is compared by its hash in constant time, and the event is appended by RPC.
import { accepted, malformed, normalize, readForm, refused } from "./peer-event.mjs";

export { Log } from "./peer-log.mjs";

const encoder = new TextEncoder();

const fromHex = (hex) => Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response("This takes POST.\n");
    const post = readForm(await request.text());
    const { member_id: memberId, application_token: token } = post.auth ?? {};
    if (!post.event || !/^[\w-]{1,64}$/.test(memberId ?? "")) return malformed();
    const install = await env.INSTALLS.get(`install:${memberId}`, { type: "json", cacheTtl: 60 });
    if (!install || !token) return refused();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(token)));
    const isKnown = install.tokens.some(({ sha256 }) => crypto.subtle.timingSafeEqual(hash, fromHex(sha256)));
    if (!isKnown) return refused();
    const { id, type, subject, json } = normalize(post, Date.now());
    const seq = await env.LOG.getByName(memberId).append(id, type, subject, json);
    return accepted(id, seq);
  },
};
