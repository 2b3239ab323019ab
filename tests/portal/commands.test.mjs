import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./commands.mjs";
import { RELAY, withSimulator } from "./test-support.mjs";

const typed = (world, line) => run(world, line.split(" "));

test("a person types operations in few words", () =>
  withSimulator({ application: {} }, async ({ simulator: { world }, handler }) => {
    assert.match(await typed(world, "install"), /ONAPPINSTALL -> https:\/\/relay\.example\.com\/install: 200 in \d+ ms/);
    assert.match(await typed(world, `subscribe handler=${RELAY}/events`), /ONCRMDEALADD/);
    await typed(world, "event ONCRMDEALADD 0042 user=null");
    const { form } = handler.received.at(-1);
    assert.deepEqual([form.event, form.data.FIELDS.ID, form.auth.access_token], ["ONCRMDEALADD", "0042", undefined]);
    assert.match(await typed(world, "event ONNOSUCH"), /Nobody was told/);
    assert.match(await typed(world, "portal.rename"), /say the new domain\. It gives a portal another address/);
    assert.equal(await typed(world, "dance"), "There is no dance. Type help.");
    assert.match(await typed(world, "help"), /clock\.advance/);
  }));
