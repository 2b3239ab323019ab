// Whether a portal is well, and if not, why: from what it reported. Kept apart from what is shown, so that it can be tested.

/** Milliseconds after which what is due counts as late: the watchdog looks every five minutes. */
const LATE = 10 * 60_000;
/** The part of its storage from which on a portal gives up old events soon. */
const NEARLY_FULL = 0.9;

/**
 * `{ level, reasons }`: "bad" needs somebody now, "warn" soon, "ok" nothing, "off" has ended. A reason is the key of a text
 * with its values; the worst comes first. One of level "ok" is told, and needs nobody.
 */
export function judge(portal, now = Date.now()) {
  if (portal.state === "revoked" || portal.state === "uninstalled") return { level: "off", reasons: [[`health.${portal.state}`]] };
  const found = [...deliveriesOf(portal).flatMap((delivery) => ofDelivery(delivery, now)), ...ofStorage(portal.storage), ...ofHeld(portal)];
  if (portal.application?.advice) found.push(["warn", "health.application"]);
  const order = ["bad", "warn", "ok"];
  const sorted = order.flatMap((level) => found.filter(([of]) => of === level));
  return { level: sorted[0]?.[0] ?? "ok", reasons: sorted.map(([, ...reason]) => reason) };
}

function ofDelivery(delivery, now) {
  const found = [];
  if (delivery.paused) found.push(["warn", "health.paused"]);
  else if (delivery.circuit) found.push(["bad", `health.circuit.${delivery.circuit}`]);
  else if (delivery.due_since && now - Date.parse(delivery.due_since) > LATE) found.push(["bad", "health.late"]);
  if (delivery.failed > 0) found.push(["bad", "health.failed", { count: delivery.failed }]);
  if (delivery.retrying > 0) found.push(["warn", "health.retrying", { count: delivery.retrying }]);
  return found;
}

function ofStorage(storage) {
  if (!storage?.limit_bytes) return [];
  const found = storage.bytes > storage.limit_bytes * NEARLY_FULL ? [["warn", "health.full"]] : [];
  // It counts for ever, and does not tell when or why: what leads to more of it is told by what else is found.
  if (storage.dropped > 0) found.push(["ok", "health.dropped", { count: storage.dropped }]);
  return found;
}

function ofHeld(portal) {
  if (portal.state === "installing") return [["warn", "health.installing"]];
  const held = heldEvents(portal);
  return held > 0 ? [["warn", "health.held", { count: held }]] : [];
}

export const heldEvents = (portal) => portal.held.reduce((sum, { events }) => sum + events, 0);

/** How deliveries go, for each destination. A portal's own word has destinations whole, a report `[name, delivery]` of each. */
export const deliveriesOf = ({ delivery, destinations = [] }) => [delivery, ...destinations.map((one) => (Array.isArray(one) ? one[1] : one.delivery))];

/** What all destinations of a portal have of something. */
export const summed = (portal, what) => deliveriesOf(portal).reduce((sum, delivery) => sum + delivery[what], 0);
