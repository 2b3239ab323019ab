// All portals, as far as is sensible: read in large pages, so that those in need can come first.

/** Portals of one call, the most that the relay gives. */
const PAGE = 500;
/** Portals after which it stops by itself: ten calls. */
const MOST = 5_000;

/** `{ portals, next }`; `next` is not null where it stopped early. */
export async function readPortals(api, signal) {
  const portals = [];
  let next;
  do {
    const page = await api.get("/portals", { limit: PAGE, cursor: next }, signal);
    portals.push(...page.portals);
    next = page.next;
  } while (next !== null && portals.length < MOST);
  return { portals, next };
}
