// Stands in for Workers KV, the same for every candidate: `kvNamespace` of workerd speaks HTTP to it. It has a record for every
// portal of the benchmark, keeps what is written, and counts reads.

const values = new Map();
let reads = 0;

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/reads-of-kv") return Response.json({ reads });
    const key = decodeURIComponent(pathname.slice(1));
    if (request.method === "PUT") {
      values.set(key, await request.text());
      return new Response(null, { status: 204 });
    }
    reads += 1;
    const value = values.get(key) ?? recordOf(key, env);
    return value === undefined ? new Response("not found", { status: 404 }) : new Response(value);
  },
};

/** The install of a portal whose member_id begins as those of the benchmark do. */
function recordOf(key, { PORTAL_PREFIX, TOKEN_SHA256 }) {
  const memberId = key.split(":")[1] ?? "";
  if (!key.startsWith("install:") || !memberId.startsWith(PORTAL_PREFIX)) return undefined;
  return JSON.stringify({ member_id: memberId, tokens: [{ sha256: TOKEN_SHA256, kind: "webhook", status: "active" }] });
}
