// What an operator does with the dashboard, in Chromium, at the width of a screen and of a phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ADMIN_TOKEN } from "../bed.mjs";
import { startBed, until } from "./bed.mjs";
import { REGISTERED, STRANGER, seed } from "./seed.mjs";
import { signIn, visit } from "./visit.mjs";

let bed;
let portals;

before(async () => {
  bed = await startBed();
  portals = await seed(bed);
});
after(() => bed?.stop());

const portal = (name, ...rest) => `#/${["portals", portals[name].memberId, ...rest].join("/")}`;
const failedCount = async (name) => (await bed.call("GET", `/portals/${portals[name].memberId}`)).delivery.failed;

for (const width of ["wide", "phone"]) {
  test(`${width}: the operator signs in and out; a wrong token is told so`, () =>
    visit(bed, width, { signedIn: false, expected: [/401/] }, async ({ page, check }) => {
      await check("sign-in");
      await signIn(page, "not-the-token-of-anybody");
      await page.getByText("This token is not known to the relay.").waitFor();
      await signIn(page, ADMIN_TOKEN);
      await page.locator("table.portals").waitFor();
      assert.equal(await page.evaluate(() => Object.values(localStorage).length), 0, "nothing outlives the tab");
      await page.reload();
      await page.locator("table.portals").waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("ADMIN_TOKEN").waitFor();
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    }));

  test(`${width}: portals are listed with their health, those in need first, page by page`, () =>
    visit(bed, width, {}, async ({ page, check }) => {
      const rows = page.locator("table.portals tbody tr");
      await rows.first().waitFor();
      assert.match(await rows.nth(0).innerText(), /aurora\.bitrix24\.com[^]*3 events failed for good/);
      // One whose second destination is down may stand between them, once it has reported.
      const needy = (await rows.allInnerTexts()).slice(0, 3).join("\n");
      assert.match(needy, /cobalt\.bitrix24\.com[^]*A destination is paused/);
      assert.equal(await rows.count(), 50);
      await check("portals");
      await page.getByRole("button", { name: "Next page" }).click();
      assert.ok((await rows.count()) > REGISTERED - 50);
      await page.getByLabel("Search").fill("fjord");
      await page.waitForFunction(() => document.querySelectorAll("table.portals tbody tr").length === 5);
      await page.getByLabel("Search").fill("");
      await page.getByRole("radio", { name: "Need attention" }).check();
      await page.waitForFunction(() => [2, 3].includes(document.querySelectorAll("table.portals tbody tr").length));
    }));

  test(`${width}: a portal tells its numbers, draws them, and counts on while events come`, () =>
    visit(bed, width, { colorScheme: "dark" }, async ({ page, go, check }) => {
      await go(portal("busy"));
      const chart = page.getByRole("img", { name: /events; at most/ });
      await chart.waitFor();
      await page.getByRole("img", { name: /deliveries; half within/ }).waitFor();
      await check("overview");
      const counted = async () => Number((await chart.getAttribute("aria-label")).match(/^[\d,]+/)[0].replace(",", ""));
      const known = await counted();
      await portals.busy.post("ONCRMDEALUPDATE", "1");
      await until("the chart to go on", async () => (await counted()) > known);
      const day = page.waitForResponse((response) => response.url().endsWith("activity?minutes=1440"));
      await page.getByRole("radio", { name: "24 h" }).check();
      assert.equal((await day).status(), 200);
    }));

  test(`${width}: the live log shows events as they come, filtered, and holds still`, () =>
    visit(bed, width, {}, async ({ page, go, check }) => {
      await go(portal("busy", "events"));
      await page.locator(".live", { hasText: "Live" }).waitFor();
      const rows = page.locator("table.log tbody tr");
      const first = rows.first();
      await portals.busy.post("ONCRMDEALADD", "9001");
      await page.locator("tr.fresh", { hasText: "crm.deal.add" }).first().waitFor();
      await first.getByText("delivered").waitFor();
      await check("events");
      await page.getByLabel("Type").fill("calendar.*");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => [...document.querySelectorAll("table.log tbody tr")].every((row) => row.innerText.includes("calendar.")));
      await page.locator(".live", { hasText: "Live" }).waitFor();
      const shown = await rows.count();
      await page.getByRole("button", { name: "Hold" }).click();
      await portals.busy.post("ONCALENDARENTRYADD", "9002");
      await portals.busy.post("ONCRMDEALADD", "9003");
      await page.getByRole("button", { name: "Go on (1 new)" }).waitFor();
      await portals.busy.post("ONCALENDARENTRYADD", "9004");
      await page.getByRole("button", { name: "Go on (2 new)" }).click();
      await page.waitForFunction((count) => document.querySelectorAll("table.log tbody tr").length === count, shown + 2);
    }));

  test(`${width}: an event shows its JSON and every attempt, and is delivered again`, () =>
    visit(bed, width, {}, async ({ page, go, check }) => {
      await go(portal("busy", "events"));
      await page.locator("table.log tbody tr", { hasText: "crm.lead.add" }).first().getByRole("link").click();
      const detail = page.locator("aside.detail");
      await detail.locator(".attempts li", { hasText: "422" }).nth(1).waitFor();
      assert.match(await detail.locator(".json").innerText(), /"type": "com\.bitrix24\.crm\.lead\.add"/);
      await check("event");
      const attempts = await detail.locator(".attempts li").count();
      await detail.getByRole("button", { name: /Redeliver/ }).click();
      await page.getByText("Will be sent to default again").waitFor();
      await until("another attempt", async () => (await detail.locator(".attempts li").count()) > attempts);
      await page.goBack();
      if (width === "phone") await page.locator("table.log").waitFor();
      await until("it to fail again", async () => (await failedCount("busy")) === 3);
    }));

  test(`${width}: what fails is told with its reason, and many are sent again after they were counted`, () =>
    visit(bed, width, {}, async ({ page, go, check }) => {
      await go(portal("busy", "deliveries"));
      await page.locator(".why-list", { hasText: "422" }).waitFor();
      assert.equal(await page.locator("table.deliveries tbody tr").count(), 3);
      await check("deliveries");
      await page.getByRole("button", { name: "Send many again" }).click();
      const dialog = page.getByRole("dialog");
      assert.ok(await dialog.getByRole("button", { name: "Send again" }).isDisabled(), "nothing is sent before it was counted");
      await dialog.getByRole("button", { name: "Count" }).click();
      await dialog.getByText("3 events would be sent again").waitFor();
      await check("replay");
      await dialog.getByRole("button", { name: "Send 3 events again" }).click();
      await page.getByText("The replay has begun").waitFor();
      await until("them to fail again", async () => (await failedCount("busy")) === 3);
    }));

  test(`${width}: a destination is tested, paused and let go on`, () =>
    visit(bed, width, {}, async ({ page, go, check }) => {
      await go(portal("down"));
      const card = page.locator(".card", { hasText: "crm.some-company.com" });
      await card.getByText("The destination is down; events wait").waitFor();
      await card.getByRole("button", { name: /Test/ }).click();
      await page.getByText("crm did not take a test event: the destination answered 503").waitFor();
      await card.getByRole("button", { name: /Pause/ }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
      await card.getByText("paused", { exact: true }).waitFor();
      await check("paused");
      await card.getByRole("button", { name: /Resume/ }).click();
      await card.getByRole("button", { name: /Pause/ }).waitFor();
    }));

  test(`${width}: what is held goes into the log once its token is registered`, () =>
    visit(bed, width, {}, async ({ page, check }) => {
      const stranger = bed.portal(width === "wide" ? STRANGER : STRANGER + 100);
      await stranger.post("ONCRMDEALADD", "5");
      await page.getByRole("link", { name: "Unregistered" }).click();
      await page.locator("table.held tbody tr").first().waitFor();
      await check("unregistered");
      await page.getByRole("link", { name: `Register: ${stranger.memberId}` }).click();
      const token = page.getByLabel("application_token");
      await token.fill("a-token-of-somebody-else-entirely");
      await page.getByText("Nothing is held under this token.").waitFor();
      await token.fill(stranger.token);
      await page.getByText("This token fits:").waitFor();
      await check("register");
      await page.getByRole("button", { name: "Register", exact: true }).click();
      await page.getByText("The token is registered").waitFor();
      await until("the log to have them", async () => (await bed.call("GET", `/portals/${stranger.memberId}`)).log.last_seq > 0);
      await page.getByText("Nothing is held", { exact: true }).waitFor();
    }));

  test(`${width}: subscriptions that the portal lost are found and mended`, () =>
    visit(bed, width, {}, async ({ page, go, check }) => {
      const { portals: all } = await bed.call("GET", "/portals?limit=500");
      const { member_id } = all.find(({ domain }) => domain === "atlas.bitrix24.com");
      const [install] = bed.simulator.world.portals[0].installs;
      install.handlers.splice(install.handlers.findIndex(({ event }) => event === "ONCALENDARENTRYADD"), 1);
      await go(`#/portals/${member_id}/subscriptions`);
      await page.getByRole("button", { name: "Check and mend" }).click();
      await page.getByText("ONCALENDARENTRYADD was bound").waitFor();
      await check("subscriptions");
    }));

  test(`${width}: it speaks Russian, by itself and when asked to`, () =>
    visit(bed, width, { locale: "ru-RU", colorScheme: "dark" }, async ({ page, go, check }) => {
      await page.locator("table.portals", { hasText: "Не доставлено окончательно: 3 события" }).waitFor();
      assert.equal(await page.locator("html").getAttribute("lang"), "ru");
      await check("portals-ru");
      await go("#/setup");
      await page.getByRole("heading", { name: "Исходящий вебхук" }).waitFor();
      await check("setup-ru");
      await page.getByRole("button", { name: /In English/ }).click();
      await page.getByRole("heading", { name: "An outgoing webhook" }).waitFor();
    }));
}

test("with the keyboard alone one skips to the list, opens a portal and its log", () =>
  visit(bed, "wide", {}, async ({ page }) => {
    await page.locator("table.portals").waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.type), "search");
    await page.locator("table.portals a").first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: /aurora/ }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
  }));

test("what an event says is text, whatever it says", () =>
  visit(bed, "wide", {}, async ({ page, go }) => {
    const subject = '<img src=x onerror="document.title=1">';
    await portals.paused.post("ONCRMDEALADD", subject);
    await go(portal("paused", "events"));
    await page.locator("table.log .subject", { hasText: subject }).first().waitFor();
    assert.equal(await page.locator("table.log img").count(), 0);
  }));

test("a choice that is changed during a count is not sent, and what is sent is what was counted", () =>
  visit(bed, "wide", {}, async ({ page, go }) => {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const sent = [];
    await page.route("**/redeliver", async (route) => {
      if (route.request().method() === "GET") return route.continue();
      const body = route.request().postDataJSON();
      if (!body.dry_run) return sent.push(body), route.fulfill({ json: {} });
      await held;
      await route.continue();
    });
    await go(portal("busy", "deliveries"));
    await page.getByRole("button", { name: "Send many again" }).click();
    const dialog = page.getByRole("dialog");
    const counting = page.waitForRequest((request) => request.method() === "POST");
    await dialog.getByRole("button", { name: "Count" }).click();
    await counting;
    await dialog.getByLabel("Which are").selectOption("");
    release();
    await dialog.locator("button[type=submit]:not([aria-busy])").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Send again", exact: true }).isDisabled(), "nothing of it was counted");
    assert.equal(await dialog.getByRole("status").innerText(), "");
    await dialog.getByLabel("Which are").selectOption("failed");
    await dialog.getByRole("button", { name: "Count" }).click();
    await dialog.getByRole("button", { name: "Send 3 events again" }).click();
    await page.getByText("The replay has begun").waitFor();
    assert.deepEqual(sent, [{ destination: "default", state: "failed", rate: 10 }]);
  }));

test("where there are more portals than are read it is told so", () =>
  visit(bed, "wide", { signedIn: false }, async ({ page }) => {
    const { portals: all } = await bed.call("GET", "/portals?limit=1");
    let calls = 0;
    await page.route("**/portals?limit=500*", (route) => {
      const many = Array.from({ length: 500 }, (_, index) => ({ ...all[0], member_id: `${calls}-${index}` }));
      calls += 1;
      return route.fulfill({ json: { portals: many, next: "more" } });
    });
    await signIn(page, ADMIN_TOKEN);
    await page.getByText("The first 5,000 portals are shown and counted; there are more").waitFor();
    assert.equal(calls, 10);
  }));

test("nothing is read while the tab is hidden", () =>
  visit(bed, "wide", {}, async ({ page, go, addresses }) => {
    const hide = (hidden) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    const settled = () => new Promise((resolve) => setTimeout(resolve, 500));
    // What is under way: an event that waits, and a replay to the destination that is paused.
    const replay = { id: 1, destination: "default", state: null, next: 1, last: 9, replayed: 0, rate: 1, created_at: new Date().toISOString() };
    await page.route("**/redeliver", (route) => route.fulfill({ json: { replays: [replay] } }));
    const { events } = await bed.call("GET", `/portals/${portals.paused.memberId}/events`);
    for (const [tab, read] of [[["events", events[0].event.id], /events\/[^/]+$/], [["deliveries"], /redeliver$/]]) {
      const isRead = (response) => read.test(response.url());
      const [first] = await Promise.all([page.waitForResponse(isRead), go(portal("paused", ...tab))]);
      assert.ok(first.ok());
      await page.waitForResponse(isRead);
      await hide(true);
      await settled();
      const before = addresses.length;
      // Longer than the longest pause between two looks of either.
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      assert.deepEqual(addresses.slice(before), [], tab[0]);
      await Promise.all([page.waitForResponse(isRead), hide(false)]);
    }
  }));
