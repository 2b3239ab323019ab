import assert from "node:assert/strict";
import { test } from "node:test";
import { httpBuildQuery } from "./form.mjs";
import { parametersOf, parseForm } from "./parse.mjs";

const plain = (value) => JSON.parse(JSON.stringify(value));

test("what is encoded as PHP does is read back, every leaf a string", () => {
  const members = { event: "ONCRMDEALUPDATE", data: { FIELDS: { ID: 42, TITLE: "Сделка & 1" } }, auth: { scope: "crm,im" } };
  assert.deepEqual(plain(parseForm(httpBuildQuery(members))), {
    ...members,
    data: { FIELDS: { ID: "42", TITLE: "Сделка & 1" } },
  });
});

test("empty brackets get the next number", () => {
  assert.deepEqual(plain(parseForm("cmd[]=a&cmd[]=b")), { cmd: { 0: "a", 1: "b" } });
});

test("a name cannot reach a prototype", () => {
  parseForm("__proto__[polluted]=1&constructor[prototype][polluted]=1");
  assert.equal({}.polluted, undefined);
});

test("a JSON body stands over the query", () => {
  assert.deepEqual(plain(parametersOf("auth=a&id=1", "application/json; charset=utf-8", '{"id":2}')), { auth: "a", id: 2 });
});
