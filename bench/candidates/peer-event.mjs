// What both peers make of a form: the same CloudEvent as the relay's, for the events of the benchmark.

const TYPES = new Map([
  ["ONCALENDARENTRYADD", "calendar.entry.add"],
  ["ONCALENDARENTRYUPDATE", "calendar.entry.update"],
  ["ONCALENDARENTRYDELETE", "calendar.entry.delete"],
]);
const TOKEN_KEYS = new Set(["access_token", "refresh_token", "application_token", "auth", "auth_id", "refresh_id", "event_token"]);

/** `a[b][c]=d` becomes `{a: {b: {c: "d"}}}`, without prototypes. */
export function readForm(text) {
  const root = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split("[").map((part) => part.replace(/\]$/, ""));
    let at = root;
    for (const part of path.slice(0, -1)) at = at[part] ??= Object.create(null);
    at[path.at(-1)] = value;
  }
  return root;
}

function withoutTokens(value, secrets) {
  if (typeof value === "string") return secrets.includes(value) ? undefined : value;
  const kept = {};
  for (const [key, inner] of Object.entries(value)) {
    if (!TOKEN_KEYS.has(key.toLowerCase())) kept[key] = withoutTokens(inner, secrets);
  }
  return kept;
}

/** UUIDv7 (RFC 9562, 5.7). */
function uuid7(now) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let rest = now;
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function normalize(post, now) {
  const { auth } = post;
  const secrets = [auth.access_token, auth.refresh_token, auth.application_token].filter(Boolean);
  const type = TYPES.get(post.event) ?? `unknown.${post.event.toLowerCase()}`;
  const event = {
    specversion: "1.0",
    id: uuid7(now),
    source: auth.domain ? `https://${auth.domain}` : `urn:bitrix24:${auth.member_id}`,
    type: `com.bitrix24.${type}`,
    subject: post.data?.id,
    time: new Date(Number(post.ts) * 1000).toISOString().replace(".000Z", "Z"),
    datacontenttype: "application/json",
    data: post.data && withoutTokens(post.data, secrets),
    b24event: post.event,
    b24memberid: auth.member_id,
    b24handlerid: post.event_handler_id,
    b24scope: auth.scope,
    b24status: auth.status,
    b24receivedat: new Date(now).toISOString(),
  };
  return { id: event.id, type, subject: event.subject ?? null, json: JSON.stringify(event) };
}

const answer = (status, body) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

export const accepted = (id, seq) => answer(200, { status: "accepted", id, seq });
export const refused = () => answer(403, { status: 403, code: "forbidden", detail: "the event was not taken" });
export const malformed = () => answer(400, { status: 400, code: "malformed" });
