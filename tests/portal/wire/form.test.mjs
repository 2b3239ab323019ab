import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { httpBuildQuery } from "./form.mjs";

test("every kind of value is encoded as PHP 8.2 encodes it", () => {
  const members = {
    event: "ONCRMDEALUPDATE",
    data: {
      FIELDS: {
        ID: 42,
        TITLE: "Сделка № 1 + a&b=c",
        N: null,
        T: true,
        F: false,
        EMPTY: [],
        FLOAT: 1.5,
        E: "",
        LIST: ["x", "y z", { k: "q'\"%~*-_.!()" }],
      },
    },
    ts: 1736405294,
    auth: { domain: "some-domain.bitrix24.com", emoji: "😀\n" },
  };
  // The output of PHP 8.2.36 for the same array.
  const php =
    "event=ONCRMDEALUPDATE&data%5BFIELDS%5D%5BID%5D=42&data%5BFIELDS%5D%5BTITLE%5D=%D0%A1%D0%B4%D0%B5%D0%BB%D0%BA%D0%B0+%E2%84%96+1+%2B+a%26b%3Dc" +
    "&data%5BFIELDS%5D%5BT%5D=1&data%5BFIELDS%5D%5BF%5D=0&data%5BFIELDS%5D%5BFLOAT%5D=1.5&data%5BFIELDS%5D%5BE%5D=" +
    "&data%5BFIELDS%5D%5BLIST%5D%5B0%5D=x&data%5BFIELDS%5D%5BLIST%5D%5B1%5D=y+z" +
    "&data%5BFIELDS%5D%5BLIST%5D%5B2%5D%5Bk%5D=q%27%22%25%7E%2A-_.%21%28%29" +
    "&ts=1736405294&auth%5Bdomain%5D=some-domain.bitrix24.com&auth%5Bemoji%5D=%F0%9F%98%80%0A";
  assert.equal(httpBuildQuery(members), php);
});

test("the documented payloads are encoded as PHP 8.2 encodes them", () => {
  const payloads = JSON.parse(readFileSync(new URL("../../fixtures/bitrix/wire-payloads.json", import.meta.url), "utf8"));
  const sorted = (body) => body.split("&").sort();
  for (const { parsed, body } of payloads) assert.deepEqual(sorted(httpBuildQuery(parsed)), sorted(body));
  assert.ok(payloads.length > 100);
});
