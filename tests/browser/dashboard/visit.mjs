// A visit to the dashboard in a browser of its own size, and what has to hold in every visit: no error in the console, so the
// policy of the page holds; no token in any address; nothing asked of another origin; nothing that axe finds serious.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ADMIN_TOKEN, picture } from "../bed.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const WIDTHS = { wide: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

/** Opens the dashboard, and looks at all of it after `body`. */
export async function visit(bed, width, { signedIn = true, locale = "en-US", colorScheme = "light", expected = [] } = {}, body) {
  const context = await bed.browser.newContext({ viewport: WIDTHS[width], locale, colorScheme, permissions: ["clipboard-read", "clipboard-write"] });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const errors = [];
  const addresses = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => addresses.push(request.url()));
  try {
    await page.goto(`${bed.relay.url}/`);
    if (signedIn) await signIn(page, ADMIN_TOKEN);
    await body({ page, go: (hash) => go(page, hash), check: (name) => check(page, `${name}-${width}`), addresses });
    const unexpected = errors.filter((error) => !expected.some((pattern) => pattern.test(error)));
    assert.deepEqual(unexpected, []);
    for (const address of addresses) {
      assert.ok(!address.includes(ADMIN_TOKEN), "the token is in no address");
      assert.equal(new URL(address).origin, bed.relay.url, "nothing is asked of another origin");
    }
  } finally {
    await context.close();
  }
}

export async function signIn(page, token) {
  await page.getByLabel("ADMIN_TOKEN").fill(token);
  await page.keyboard.press("Enter");
}

/** Follows an address behind `#`. */
export const go = (page, hash) => page.evaluate((hash) => void (location.hash = hash), hash);

/** Takes a picture, and has axe look at the page. */
async function check(page, name) {
  await picture(page, `dashboard-${name}`);
  const hasSidewaysScroll = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(hasSidewaysScroll, false, `${name} is wider than the window`);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => `${name}: ${id} ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`), []);
}
