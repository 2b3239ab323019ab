// The installer page as an administrator sees it: in a frame of the portal, in the portal's language.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withBed } from "./bed.mjs";

const within = { timeout: 30_000 };

/** The page of the relay, inside the frame of the portal. */
const framed = (page) => page.frameLocator("iframe");

async function states(frame) {
  return Object.fromEntries(await frame.locator("li").evaluateAll((items) => items.map((item) => [item.dataset.step, item.dataset.state])));
}

const ALL_DONE = { proven: "done", stored: "done", subscribed: "done", token: "done", finished: "done" };

test("an administrator of a Russian portal installs the application", () =>
  withBed({ domain: "some-domain.bitrix24.ru", language: "ru" }, async ({ page, portal, refused, picture, simulator }) => {
    await page.goto(`${portal}?stay`);
    const frame = framed(page);
    await frame.locator("h1", { hasText: "Настройка подключения" }).waitFor(within);
    await frame.locator('.result[data-state="done"]').waitFor(within);
    await picture("installed-ru");
    assert.deepEqual(await states(frame), ALL_DONE);
    assert.match(await frame.locator(".result").innerText(), /Установка завершена/);
    assert.equal(await page.locator("#state").innerText(), "The application is installed.");
    assert.deepEqual(refused, []);
    const { deliveries } = await simulator.operate("event", { event: "ONCALENDARENTRYUPDATE", id: "1414" });
    assert.equal(deliveries[0].status, 200);
  }));

test("on a portal that sends no application_token the page waits for ONAPPINSTALL", () =>
  withBed({ domain: "some-domain.bitrix24.de", language: "de", build: "old" }, async ({ page, portal, refused, picture, simulator }) => {
    await simulator.operate("queue.pause");
    await page.goto(`${portal}?stay`);
    const frame = framed(page);
    await frame.locator('li[data-step="finished"][data-state="done"]').waitFor(within);
    await picture("waiting-de");
    assert.equal((await states(frame)).token, "pending");
    await simulator.operate("queue.resume");
    await frame.locator('.result[data-state="done"]').waitFor(within);
    await picture("installed-de");
    assert.match(await frame.locator(".result").innerText(), /Die Installation ist abgeschlossen/);
    assert.deepEqual(refused, []);
  }));

test("the page opens again as the application itself, and says that all is well", () =>
  withBed({}, async ({ page, portal, picture }) => {
    await page.goto(portal);
    await page.locator("#state", { hasText: "The application is installed." }).waitFor(within);
    await page.waitForTimeout(1_000);
    const frame = framed(page);
    await frame.locator('.result[data-state="done"]').waitFor(within);
    assert.deepEqual(await states(frame), ALL_DONE);
    await picture("opened-again-en");
  }));

test("what failed says why, and is tried again", () =>
  withBed({ vars: { B24_EVENTS: "ONCRMDEALADD,ONCALENDARENTRYADD" } }, async ({ page, portal, picture, simulator }) => {
    await page.goto(`${portal}?stay`);
    const frame = framed(page);
    await frame.locator('.result[data-state="failed"]').waitFor(within);
    await picture("missing-scope-en");
    assert.match(await frame.locator(".result").innerText(), /lacks these permissions: crm\./);
    assert.equal((await states(frame)).finished, "waiting", "an installation that is not whole is not completed");
    await simulator.operate("application.set", { scope: ["calendar", "crm"] });
    await frame.getByRole("button", { name: "Try again" }).click();
    await frame.locator('.result[data-state="done"]').waitFor(within);
    assert.deepEqual(await states(frame), ALL_DONE);
  }));

test("a request that Bitrix24 does not confirm, and one that it cannot be asked about", () =>
  withBed({ domain: "some-domain.bitrix24.es", language: "la" }, async ({ page, portal, picture, simulator }) => {
    await simulator.operate("fault", { kind: "answer", method: "app.info", status: 401, body: { error: "NO_AUTH_FOUND" }, times: 2 });
    await page.goto(`${portal}?stay`);
    const frame = framed(page);
    await frame.locator(".result", { hasText: "no confirma esta solicitud" }).waitFor(within);
    await picture("refused-es");
    await simulator.operate("fault.clear");
    await simulator.operate("fault", { kind: "reset", method: "app.info", times: 5 });
    await page.goto(`${portal}?stay`);
    await frame.locator(".result", { hasText: "No se puede contactar con Bitrix24" }).waitFor(within);
    await picture("unreachable-es");
  }));

test("an employee who opens it is sent to an administrator", () =>
  withBed({ domain: "some-domain.bitrix24.com.br", language: "br" }, async ({ page, portal, picture, simulator }) => {
    await simulator.operate("install.finish");
    await page.goto(`${portal}?user=2`);
    const frame = framed(page);
    await frame.locator(".result", { hasText: "Somente um administrador" }).waitFor(within);
    await picture("employee-pt");
  }));

test("a page of another host may not frame it", () =>
  withBed({}, async ({ page, portal, refused }) => {
    await page.goto(`${portal}?stay`);
    const action = await page.locator("form").getAttribute("action");
    const fields = await page.locator("form input").evaluateAll((inputs) => inputs.map(({ name, value }) => [name, value]));
    await page.goto("https://api.bitrix24.com/");
    await page.evaluate(
      ([action, fields]) => {
        document.body.innerHTML = '<iframe name="thief"></iframe>';
        const form = Object.assign(document.createElement("form"), { action, method: "post", target: "thief" });
        for (const [name, value] of fields) form.append(Object.assign(document.createElement("input"), { name, value, type: "hidden" }));
        document.body.append(form);
        form.submit();
      },
      [action, fields],
    );
    await page.waitForTimeout(3_000);
    assert.equal(await framed(page).locator("li[data-step]").count(), 0);
    assert.ok(refused.some((text) => text.includes("frame-ancestors")), refused.join("\n"));
  }));
