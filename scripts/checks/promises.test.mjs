import assert from "node:assert/strict";
import { test } from "node:test";
import { offencesIn, testsIn } from "./promises.mjs";

const THERE = {
  files: ["tests/it/relay/spilling.rs", "tests/workerd/floods.rs", "fuzz/fuzz_targets/form.rs", "dashboard/lib/tail.test.mjs"],
  tests: [
    { file: "tests/it/relay/spilling.rs", name: "relay::spilling::what_waits_is_sealed" },
    { file: "tests/workerd/floods.rs", name: "floods::nobody_gets_storage" },
  ],
  titles: ["what an event says is text, whatever it says"],
  groups: ["api"],
  scripts: ["check"],
  workflow: "run: cargo deny check",
};

const page = (...shownBy) => ["| promise | shown by |", "|---|---|", ...shownBy.map((cell) => `| It holds | ${cell} |`)].join("\n");

const NAMED = [
  "`spilling.rs`",
  "`relay/spilling.rs`, natively",
  "`floods.rs` (workerd), a test each",
  "fuzz target `form`, and `tail.test.mjs`",
  "`what_waits_…`",
  "`spilling::what_waits_…`",
  "`nobody_gets_storage` (workerd)",
  "all of `relay::spilling`",
  "`what an event says is text, …`",
  "every visit of `dashboard/lib`",
  "`npm test -- api`, `npm run check`, `cargo deny check`",
];
for (const cell of NAMED) {
  test(`a promise is shown by ${cell}`, () => assert.deepEqual(offencesIn(page(cell), THERE), []));
}

const NOT_THERE = [
  "the same",
  "`pilling.rs`",
  "`spilling.rs` (workerd)",
  "`workerd/spilling.rs`",
  "fuzz target `json`",
  "`what_waits`",
  "`waits_is_…`",
  "`what_waits_…` (workerd)",
  "`what an event hides, …`",
  "`npm test -- more`",
  "`npm run more`",
  "`--locked`",
];
for (const cell of NOT_THERE) {
  test(`a promise is not shown by ${cell}`, () => assert.equal(offencesIn(page("`spilling.rs`", cell), THERE).length, 1));
}

test("text and commands name what is there", () => {
  assert.deepEqual(offencesIn("`Write` is `202` (`spilling.rs`), by `RELAY_SEED`\n\n| operation | cases |\n|---|---|\n| `Write` | 2 |", THERE), []);
  assert.deepEqual(offencesIn("It is in `gone.rs`, as `what_is_gone_…` says.", THERE), ["1: there is no gone.rs", "1: there is no what_is_gone_…"]);
  const commands = ["A=1 cargo test --test it -- spilling floods --nocapture # after npm test", "cargo test --release --test it gone -- --test-threads 1", "npm run check", "npm test -- gone"];
  assert.deepEqual(offencesIn(["```sh", ...commands, "```"].join("\n"), THERE), ["3: no test is called gone", "5: there is no npm test -- gone"]);
});

test("tests are found below their attributes", () => {
  const text = '#[test]\nfn first() {}\n\n    #[test]\n    #[ignore = "slow"]\n    fn second() {}\n\nfn no_test() {}\n';
  assert.deepEqual(testsIn("tests/it/model/mod.rs", text).map(({ name }) => name), ["model::first", "model::second"]);
});
