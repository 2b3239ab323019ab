// The portals of the benchmark, and the bodies that Bitrix24 would send for them.

import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { inRoot } from "../../scripts/support/paths.mjs";

/** A documented event, encoded by PHP itself. */
const SEED_EVENT = "ONCALENDARENTRYUPDATE";
const SEED = JSON.parse(readFileSync(inRoot("tests/fixtures/bitrix/wire-payloads.json"), "utf8")).find(({ event }) => event === SEED_EVENT);
const { member_id: SEED_MEMBER_ID, application_token: SEED_TOKEN } = SEED.parsed.auth;

/** A member_id has 32 characters; those of registered portals begin so. */
export const PORTAL_PREFIX = "benchmark";
export const TOKEN_SHA256 = createHash("sha256").update(SEED_TOKEN).digest("hex");

export const memberId = (number) => PORTAL_PREFIX + String(number).padStart(32 - PORTAL_PREFIX.length, "0");

const SEED_ID = "data%5Bid%5D=1414";

/** A genuine event of a portal, about the thing of that number. */
export const genuine = (number = 0, thing = 0) => SEED.body.replaceAll(SEED_MEMBER_ID, memberId(number)).replace(SEED_ID, `data%5Bid%5D=${1414 + thing}`);

/**
 * So many genuine events of one portal, each about another thing, as a bulk edit causes them. What is about one thing is delivered
 * one after another.
 */
export const genuineBurst = (events = 1_000, number = 0) => Array.from({ length: events }, (_, thing) => genuine(number, thing));

/** An event with a token that nobody registered. */
export const forged = (number = 0) => genuine(number).replaceAll(SEED_TOKEN, randomBytes(SEED_TOKEN.length / 2).toString("hex"));

/** So many genuine events, each of another portal. */
export const genuineOfMany = (portals) => Array.from({ length: portals }, (_, number) => genuine(number));

/** So many addresses of callers. */
export const addresses = (count) => Array.from({ length: count }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
