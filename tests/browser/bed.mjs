// A relay in workerd, a simulated Bitrix24, and a Chromium between them. Every host has its real name: what the browser asks
// for goes to the relay or to the simulator.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { startSimulator } from "../portal/simulator.mjs";

const ROOT = path.join(import.meta.dirname, "../..");
const BUILD = process.env.RELAY_TEST_BUILD ?? path.join(ROOT, "target/worker-test");
const PICTURES = path.join(ROOT, "target/browser");
const CHROMIUM = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
export const ORIGIN = "https://relay.example.com";
export const ADMIN_TOKEN = "an-operator-and-nobody-else";
export const CLIENT_SECRET = "SakeVG5mbRdcQet45UUrt6q72AMTo7fkwXSO7Y5LYFYNCRsA6f";

/** Starts all of it with one portal, and ends it after `body`. */
export async function withBed({ domain = "some-domain.bitrix24.com", language = "en", build = "new", vars = {}, scope = ["calendar"] }, body) {
  const endings = [];
  try {
    const simulator = await startSimulator({ addresses: "real" });
    endings.push(() => simulator.stop());
    await simulator.operate("portal.add", { domain, language, build });
    const { client_id } = await simulator.operate("application.add", {
      url_install: `${ORIGIN}/install`,
      url_handler: `${ORIGIN}/install`,
      interface: "page",
      client_secret: CLIENT_SECRET,
      scope,
    });
    const { url: relay } = await startRelay({ simulator: simulator.url }, { B24_CLIENT_ID: client_id, ...vars }, endings);
    await simulator.operate("origin", { origin: ORIGIN, at: relay });
    await simulator.operate("install");
    const browser = await startBrowser(endings);
    const page = await browser.newPage({ viewport: { width: 900, height: 760 } });
    const refused = [];
    page.on("console", (message) => message.type() === "error" && refused.push(message.text()));
    await page.route("**/*", (route) => pass(route, relay, simulator.url));
    const portal = `https://${domain}/marketplace/app/1/`;
    await body({ simulator, page, portal, refused, relay, picture: (name) => picture(page, name) });
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

/** Starts a Chromium without a window. */
export async function startBrowser(endings) {
  if (CHROMIUM === undefined) throw new Error("Chromium is needed: apt-get install chromium, or its path in CHROMIUM");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  endings.push(() => browser.close());
  return browser;
}

/** Starts a relay; `more` is what the harness can do besides. Returns its address, and that of the harness's operations. */
export async function startRelay(more, vars, endings) {
  const state = mkdtempSync(path.join(tmpdir(), "relay-browser-"));
  const options = execFileSync(process.execPath, [path.join(ROOT, "tests/workerd/wrangler-options.mjs"), path.join(ROOT, "wrangler.toml")]);
  const setup = {
    options: JSON.parse(options),
    build: BUILD,
    state,
    environment: {},
    inspection: false,
    ...more,
    vars: {
      ADMIN_TOKEN,
      B24_CLIENT_SECRET: CLIENT_SECRET,
      VAULT_KEY: Buffer.alloc(32, 7).toString("base64"),
      PUBLIC_URL: ORIGIN,
      ...vars,
    },
  };
  const child = spawn(process.execPath, [path.join(ROOT, "tests/workerd/harness.mjs"), JSON.stringify(setup)], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  endings.push(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-child.pid, "SIGKILL");
    await ended;
    rmSync(state, { recursive: true, force: true });
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("{")) return JSON.parse(line);
  }
  throw new Error("the relay did not start");
}

/** Sends what the browser asks for to whoever has that host. */
async function pass(route, relay, simulator) {
  const request = route.request();
  const url = new URL(request.url());
  const headers = { ...(await request.allHeaders()), "x-original-url": request.url() };
  for (const name of ["host", "connection", "content-length"]) delete headers[name];
  const to = url.origin === ORIGIN ? relay : simulator;
  const answer = await fetch(to + url.pathname + url.search, {
    method: request.method(),
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(":"))),
    body: request.postDataBuffer() ?? undefined,
    redirect: "manual",
  });
  const body = Buffer.from(await answer.arrayBuffer());
  await route.fulfill({ status: answer.status, headers: Object.fromEntries(answer.headers), body });
}

/** A picture to look at. */
export async function picture(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
}
