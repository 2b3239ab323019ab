// The host from which pages load the JavaScript library of Bitrix24.

import { readFileSync } from "node:fs";

export const API_HOST = "api.bitrix24.com";

const SCRIPT = readFileSync(new URL("bx24.js", import.meta.url), "utf8");

/** `/api/v1/`, and nothing else. */
export const answerApi = (path) =>
  /^\/api\/v1\/?$/.test(path)
    ? { status: 200, type: "text/javascript; charset=utf-8", text: SCRIPT }
    : { status: 404, text: "There is nothing but /api/v1/ here.\n" };
