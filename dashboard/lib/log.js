// Reads a portal's log backwards, in steps: the API reads it forwards.

/** Places that one step goes back: few where each is shown, as many as one call looks at where a filter leaves most out. */
const STEP = { all: 50, filtered: 5_000 };
/** Events of one call. */
const PAGE = 500;
/** Calls of one look at states. Those under way mostly lie together, so that one call tells all. */
const CALLS = 5;

/** What a row shows of an event. The rest is fetched when somebody looks at it. */
export const summary = ({ seq, state, event: { id, type, subject, time, b24receivedat } }) => ({ seq, state, id, type, subject, time: b24receivedat ?? time });

/** The events before a place, newest first, and `from`, behind which they are; 0 or less where the log begins. */
export async function readBack({ api, memberId, before, filter, signal }) {
  const isFiltered = filter.type || filter.subject;
  const from = before - 1 - (isFiltered ? STEP.filtered : STEP.all);
  const events = [];
  let after = Math.max(0, from);
  while (after < before - 1) {
    const limit = isFiltered ? PAGE : before - 1 - after;
    const page = await api.get(`/portals/${memberId}/events`, { ...filter, after, limit }, signal);
    const within = page.events.filter(({ seq }) => seq < before);
    events.push(...within.map(summary));
    if (page.next === after || within.length < page.events.length) break;
    after = page.next;
  }
  return { events: events.reverse(), from };
}

/**
 * The states of these events as they are now, by place: of the first of `seqs` and of those shortly before it, of the next one that
 * this did not tell, and so on for a few calls; undefined where the event is gone. `filter` is one that all of them pass.
 */
export async function readStates({ api, memberId, seqs, filter, signal }) {
  const states = new Map();
  let left = seqs;
  for (let calls = 0; calls < CALLS && left.length > 0; calls += 1) {
    const [last] = left;
    const near = left.filter((seq) => seq > last - PAGE && seq <= last);
    const after = Math.min(...near) - 1;
    const { events } = await api.get(`/portals/${memberId}/events`, { ...filter, after, limit: last - after }, signal);
    for (const seq of near) states.set(seq, undefined);
    for (const { seq, state } of events) states.set(seq, state);
    left = left.filter((seq) => !states.has(seq));
  }
  return states;
}
