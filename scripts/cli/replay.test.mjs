// A replay counts first, asks, and only then sends.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { printedBy } from "../support/printed.mjs";
import { replay } from "./replay.mjs";

const ROOT = path.join(import.meta.dirname, "../..");

/** An API that notes what it is asked, and counts in two parts. */
function relay() {
  const calls = [];
  const answer = (method, target, body) => {
    if (method === "GET") return { seq: 7, event: { type: "com.bitrix24.crm.deal.add", subject: "5" } };
    if (!body.dry_run) return { replays: [{ id: 1, destination: "default", rate: 10, next: 1, last: 9 }] };
    return body.after === 5_000 ? { count: 3, next: 6_000, more: false } : { count: 40, next: 5_000, more: true };
  };
  return { calls, json: async (method, target, { body } = {}) => (calls.push([method, target, body]), answer(method, target, body)) };
}

/** What a replay prints, and what it asks. */
async function run(operands, options, yes) {
  const api = relay();
  const questions = [];
  const printed = await printedBy(() => replay({ api, operands, options, ask: async (question) => (questions.push(question), yes) }));
  return { sent: api.calls.filter(([method, , body]) => method === "POST" && !body?.dry_run), printed, questions };
}

test("a dry run counts all parts and sends nothing", async () => {
  const { sent, printed, questions } = await run(["m1"], { state: "failed", "dry-run": true, json: true });
  assert.deepEqual([sent, JSON.parse(printed), questions], [[], { count: 43 }, []]);
});

test("many are sent after a yes, as they were counted", async () => {
  const { sent, questions } = await run(["m1"], { state: "failed", from: "2026-01-05T00:00:00Z", rate: "20", destination: "crm" }, true);
  assert.deepEqual(questions, ["Send 43 failed events to crm again?"]);
  const body = { destination: "crm", state: "failed", from: "2026-01-05T00:00:00Z", to: undefined, after: undefined, rate: 20 };
  assert.deepEqual(sent, [["POST", "/portals/m1/redeliver", body]]);
});

test("nothing is sent after a no", async () => {
  await assert.rejects(run(["m1"], {}, false), /nothing was sent/);
});

test("one event is shown before it is sent, and needs no choice among many", async () => {
  const { sent, questions } = await run(["m1", "01939d5e-1a2b-7c3d-8e4f-0123456789ab"], { destination: "crm" }, true);
  assert.deepEqual(questions, ["Send event 7 (crm.deal.add 5) again?"]);
  assert.deepEqual(sent, [["POST", "/portals/m1/events/01939d5e-1a2b-7c3d-8e4f-0123456789ab/redeliver", { destination: "crm" }]]);
  await assert.rejects(run(["m1", "x"], { state: "failed" }, true), /--state chooses among many/);
});

test("--yes asks nobody, and a number that is none is refused", async () => {
  const { sent, questions } = await run(["m1"], { yes: true });
  assert.deepEqual([sent.length, questions], [1, []]);
  await assert.rejects(run(["m1"], { rate: "fast" }, true), /--rate is a number/);
  await assert.rejects(run(["../portals"], {}, true), /MEMBER_ID is needed/);
});

test("a package has all that the command line imports", () => {
  const listed = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: ROOT, encoding: "utf8" }));
  const packed = new Set(listed[0].files.map(({ path }) => path));
  const seen = new Set();
  const visit = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    assert.ok(packed.has(file), `${file} is not packed`);
    const text = readFileSync(path.join(ROOT, file), "utf8");
    for (const [, imported] of text.matchAll(/from "(\.[^"]+)"/g)) visit(path.join(path.dirname(file), imported));
  };
  visit("scripts/relay.mjs");
  assert.ok(seen.size > 8 && ![...packed].some((file) => file.endsWith(".test.mjs")));
});
