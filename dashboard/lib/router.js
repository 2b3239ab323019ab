// Which view an address names. Addresses stand behind `#`, so that no member_id or event id reaches a server's log.

const TABS = ["events", "deliveries", "held", "subscriptions"];

/** What the part behind `#` names; the list of portals where it names nothing. */
export function parse(hash) {
  const [first, memberId, tab, id] = hash.replace(/^#?\/?/, "").split("/").map(decodeURIComponent);
  if (first === "unregistered") return { view: "unregistered" };
  if (first === "setup") return { view: "setup" };
  if (first !== "portals" || !memberId) return { view: "portals" };
  return { view: "portal", memberId, tab: TABS.includes(tab) ? tab : "overview", id };
}

export const portals = "#/";
export const unregistered = "#/unregistered";
export const setup = "#/setup";
export const portal = (memberId, ...rest) => `#/${["portals", memberId, ...rest].map(encodeURIComponent).join("/")}`;
