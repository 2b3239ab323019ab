// What the dashboard shows in the tests: portals that are well, one that fails, one whose destination is down, one that is paused.

import { until } from "./bed.mjs";

const EVENTS = ["ONCRMDEALUPDATE", "ONCALENDARENTRYUPDATE", "ONTASKUPDATE", "ONCRMDEALADD", "ONCRMCONTACTUPDATE", "ONCALENDARENTRYADD", "ONTASKCOMMENTADD"];
export const BUSY = 0;
export const DOWN = 1;
export const PAUSED = 2;
export const STRANGER = 40;
/** Portals that are registered by hand; one more installed the application. */
export const REGISTERED = 60;

/** Fills a relay. `events` is how many the busy portal gets that are delivered; three more of it fail. */
export async function seed({ call, portal, simulator }, events = 30) {
  const portals = Array.from({ length: REGISTERED }, (_, number) => portal(number < STRANGER ? number : number + 1));
  const register = ({ memberId, token, domain }) => call("PUT", `/portals/${memberId}`, { application_token: token, domain, label: "deals webhook" });
  for (let at = 0; at < portals.length; at += 10) await Promise.all(portals.slice(at, at + 10).map(register));
  const [busy, down, paused] = portals;
  await simulator.operate("install", { wait: true });
  await call("POST", `/portals/${down.memberId}/destinations`, { name: "crm", url: "https://crm.some-company.com/bitrix24", binding: "INTERNAL", events: ["crm.*"] });
  await call("PATCH", `/portals/${paused.memberId}/destinations/default`, { paused: true });
  for (let id = 1; id <= events; id += 1) await busy.post(EVENTS[(id * 5) % EVENTS.length], String(1_400 + id));
  for (let id = 1; id <= 3; id += 1) await busy.post("ONCRMLEADADD", String(id));
  for (let id = 1; id <= 9; id += 1) await down.post("ONCRMDEALUPDATE", String(id));
  for (let id = 1; id <= 2; id += 1) await paused.post("ONTASKUPDATE", String(id));
  for (let id = 1; id <= 3; id += 1) await portal(STRANGER).post("ONCRMDEALADD", String(id));
  // A second webhook of a portal that is known.
  await busy.post("ONTASKADD", "7", "f".repeat(32));
  await until("three events to fail", async () => (await call("GET", `/portals/${busy.memberId}`)).delivery.failed === 3);
  await until("the destination to count as down", async () => (await call("GET", `/portals/${down.memberId}`)).destinations[0].delivery.circuit);
  // The Directory is told of what waits for longer than a run, and at every registration.
  await Promise.all([busy, down, paused].map(register));
  await until("the Directory to be told", async () => (await call("GET", "/portals?limit=500")).portals.some(({ delivery }) => delivery.failed === 3));
  return { busy, down, paused };
}
