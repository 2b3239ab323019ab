import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./health.js";

const NOW = Date.parse("2026-01-05T12:00:00Z");
const well = { state: "active", held: [], delivery: { pending: 0, retrying: 0, failed: 0 }, storage: { bytes: 1, limit_bytes: 100, dropped: 0 } };
const judged = (changes) => judge({ ...well, ...changes }, NOW);
const delivery = (changes) => judged({ delivery: { ...well.delivery, ...changes } });

test("a portal that lacks nothing is well", () => {
  assert.deepEqual(judged({}), { level: "ok", reasons: [] });
});

test("what needs somebody now comes before what can wait", () => {
  const { level, reasons } = delivery({ failed: 2, retrying: 1 });
  assert.equal(level, "bad");
  assert.deepEqual(reasons, [["health.failed", { count: 2 }], ["health.retrying", { count: 1 }]]);
});

test("a destination that is down is told, one that is paused is not down", () => {
  assert.deepEqual(delivery({ circuit: "outage" }).reasons, [["health.circuit.outage"]]);
  assert.deepEqual(delivery({ circuit: "outage", paused: "operator" }), { level: "warn", reasons: [["health.paused"]] });
});

test("what is due for ten minutes is late", () => {
  assert.equal(delivery({ due_since: "2026-01-05T11:51:00Z" }).level, "ok");
  assert.deepEqual(delivery({ due_since: "2026-01-05T11:49:00Z" }), { level: "bad", reasons: [["health.late"]] });
});

test("every destination counts", () => {
  const destinations = [{ name: "crm", delivery: { ...well.delivery, circuit: "outage" } }];
  assert.equal(judged({ destinations }).level, "bad");
  assert.equal(judged({ destinations: destinations.map(({ name, delivery }) => [name, delivery]) }).level, "bad", "as a report tells them");
});

test("a portal that has ended needs nobody, whatever waits", () => {
  assert.deepEqual(judged({ state: "revoked", delivery: { ...well.delivery, failed: 9 } }), { level: "off", reasons: [["health.revoked"]] });
});

test("storage that is nearly full is told", () => {
  assert.deepEqual(judged({ storage: { bytes: 91, limit_bytes: 100, dropped: 0 } }), { level: "warn", reasons: [["health.full"]] });
});

test("what was deleted once is told for ever, and needs nobody for ever", () => {
  const lost = ["health.dropped", { count: 3 }];
  assert.deepEqual(judged({ storage: { bytes: 1, limit_bytes: 100, dropped: 3 } }), { level: "ok", reasons: [lost] });
  assert.deepEqual(judged({ storage: { bytes: 91, limit_bytes: 100, dropped: 3 } }), { level: "warn", reasons: [["health.full"], lost] });
});
