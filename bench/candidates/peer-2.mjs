// Peer 2: the same, tuned. The isolate keeps installs and the hashes of tokens that it has seen for a minute, so a busy portal
// reads no KV and computes no hash twice.
import { accepted, malformed, normalize, readForm, refused } from "./peer-event.mjs";

export { Log } from "./peer-log.mjs";

const KEPT_MILLIS = 60_000;
const MAX_KEPT = 10_000;

const encoder = new TextEncoder();
const installs = new Map();
const verified = new Map();

const fromHex = (hex) => Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));

function keep(map, key, value, now) {
  if (map.size >= MAX_KEPT) map.clear();
  map.set(key, { value, until: now + KEPT_MILLIS });
  return value;
}

function kept(map, key, now) {
  const found = map.get(key);
  return found && now < found.until ? found : undefined;
}

async function isKnown(env, memberId, token, now) {
  // Keyed by what only the holder of the token can send; what is unknown is compared in constant time below.
  const key = `${memberId} ${token}`;
  if (kept(verified, key, now)) return true;
  const install =
    kept(installs, memberId, now)?.value ??
    keep(installs, memberId, await env.INSTALLS.get(`install:${memberId}`, { type: "json", cacheTtl: 60 }), now);
  if (!install) return false;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(token)));
  const known = install.tokens.some(({ sha256 }) => crypto.subtle.timingSafeEqual(hash, fromHex(sha256)));
  if (known) keep(verified, key, true, now);
  return known;
}

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response("This takes POST.\n");
    const post = readForm(await request.text());
    const { member_id: memberId, application_token: token } = post.auth ?? {};
    if (!post.event || !/^[\w-]{1,64}$/.test(memberId ?? "")) return malformed();
    const now = Date.now();
    if (!token || !(await isKnown(env, memberId, token, now))) return refused();
    const { id, type, subject, json } = normalize(post, now);
    const seq = await env.LOG.getByName(memberId).append(id, type, subject, json);
    return accepted(id, seq);
  },
};
