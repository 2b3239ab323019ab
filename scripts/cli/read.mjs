// `portals`, `events` and `tail`.

import { bold, dim, say } from "../support/output.mjs";
import { failureOf, queryOf } from "./api.mjs";
import { RUN, oneMember } from "./words.mjs";

/** Time until a tail that ended is opened again. */
const REOPEN_MS = 1_000;

/** Every portal, page by page. */
export async function* allPortals(api) {
  for (let cursor; ; ) {
    const page = await api.json("GET", `/portals${queryOf({ limit: 500, cursor })}`);
    yield* page.portals;
    if (page.next === null) return;
    cursor = page.next;
  }
}

export async function portals({ api, options }) {
  const all = [];
  for await (const portal of allPortals(api)) all.push(portal);
  if (options.json) return say(JSON.stringify(all));
  if (all.length === 0) return say(`No portal is registered. \`${RUN} doctor\` tells what comes next.`);
  for (const portal of all) {
    const { delivery } = portal;
    const counts = [`${portal.last_seq} logged`, `${delivery.pending} pending`, `${delivery.retrying} retrying`, `${delivery.failed} failed`];
    say(`${bold(portal.member_id)}  ${portal.state}  ${portal.domain ?? ""}  ${counts.join(", ")}  ${dim(`reported ${portal.reported_at}`)}`);
  }
}

export async function events({ api, operands, options }) {
  const memberId = oneMember(operands);
  const { after, limit, type, subject, since } = options;
  const page = await api.json("GET", `/portals/${memberId}/events${queryOf({ after, limit, type, subject, since })}`);
  if (options.json) return say(JSON.stringify(page));
  page.events.forEach(show);
  say(dim(`go on with --after ${page.next}`));
}

/** Follows until it is interrupted. A tail ends now and then, and goes on behind the last event that came. */
export async function tail({ api, operands, options, until = () => false }) {
  const memberId = oneMember(operands);
  let last = options.after ?? (await api.json("GET", `/portals/${memberId}`)).log.last_seq;
  while (!until()) {
    const target = `/portals/${memberId}/events${queryOf({ type: options.type })}`;
    const headers = { accept: "text/event-stream", "last-event-id": String(last) };
    const response = await api.send("GET", target, { headers, timeout: null }).catch(() => undefined);
    if (response !== undefined && response.status >= 400 && response.status < 500 && response.status !== 429) {
      throw failureOf(response.status, await response.text());
    }
    if (response?.ok) {
      for await (const { id, data } of blocksOf(response.body)) {
        last = id ?? last;
        if (data !== undefined) options.json ? say(data) : show(JSON.parse(data));
        if (until()) return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
  }
}

/** The blocks of a stream of server-sent events, until it ends, well or not. */
async function* blocksOf(body) {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) yield Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
    }
  } catch {
    // It broke off; it is opened again.
  }
}

function show({ seq, state, event }) {
  say(`${dim(String(seq).padStart(6))}  ${event.time}  ${event.type.replace("com.bitrix24.", "")}  ${event.subject ?? ""}  ${dim(state)}`);
}
