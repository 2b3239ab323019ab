// A relay that has nothing yet, or that is not configured as it should be.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBed } from "./bed.mjs";
import { visit } from "./visit.mjs";

let bed;

before(async () => {
  bed = await startBed({ FORWARD_URL: "ftp://nobody", RETRY_SCHEDULE: "soon" });
});
after(() => bed?.stop());

for (const width of ["wide", "phone"]) {
  test(`${width}: where nothing is registered it tells how to begin, and what is wrong with the configuration`, () =>
    visit(bed, width, { expected: [/503/] }, async ({ page, check }) => {
      await page.getByRole("heading", { name: "Nothing is registered yet" }).waitFor();
      await page.getByText(`${bed.relay.url}/events`, { exact: true }).waitFor();
      const errors = page.getByRole("alert");
      await errors.getByText("RETRY_SCHEDULE", { exact: true }).waitFor();
      assert.match(await errors.innerText(), /FORWARD_URL/);
      await check("set-up");
    }));
}

test("the page and its parts come with a strict policy, and a POST is the Worker's own affair", async () => {
  for (const path of ["/", "/dashboard/main.js", "/dashboard/main.css"]) {
    const { status, headers } = await fetch(bed.relay.url + path, { headers: { origin: "https://elsewhere.example" } });
    assert.equal(status, 200, path);
    assert.match(headers.get("content-security-policy"), /^default-src 'none'; .*frame-ancestors 'none'/, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.deepEqual([...headers.keys()].filter((name) => name.startsWith("access-control-")), []);
  }
  const html = await (await fetch(bed.relay.url)).text();
  assert.ok(!/<script(?! src)|<style|style=|https?:/.test(html), "nothing inline, and nothing from elsewhere");
  const head = await fetch(bed.relay.url, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  const wrong = await fetch(bed.relay.url, { method: "POST" });
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD"]);
  const event = await fetch(`${bed.relay.url}/events`, { method: "POST", body: new URLSearchParams({ event: "ONTASKADD" }) });
  assert.deepEqual([event.status, (await event.json()).code], [400, "bad_member_id"]);
});
