import assert from "node:assert/strict";
import { test } from "node:test";
import { offencesIn } from "./layers.mjs";

const OFFENCES = {
  "src/domain": ["use worker::Env;", "let now = SystemTime::now();", "use crate::app::ports::Clock;", "let id = Uuid::new_v4();", "use js_sys;"],
  "src/app": ["fn read(stub: web_sys::Request) {}", "use wasm_bindgen_futures::spawn_local;", "use crate::platform::kv;"],
};

for (const [layer, lines] of Object.entries(OFFENCES)) {
  for (const line of lines) {
    test(`${layer} must not contain: ${line}`, () => assert.equal(offencesIn(layer, `//! Text.\n${line}`).length, 1));
  }
}

test("comments and lower layers are no offence", () => {
  assert.deepEqual(offencesIn("src/app", "// `worker::Env` is read in src/platform.\nuse crate::domain::time::Timestamp;"), []);
});
