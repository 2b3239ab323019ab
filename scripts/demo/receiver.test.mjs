import assert from "node:assert/strict";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { judge } from "./receiver.mjs";

const webhook = new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const id = "01939d5e-1a2b-7c3d-8e4f-0123456789ab";
const event = {
  specversion: "1.0",
  id,
  source: "https://some-domain.bitrix24.com",
  type: "com.bitrix24.calendar.entry.update",
  subject: "1414",
  time: "2024-12-19T11:39:09Z",
  datacontenttype: "application/json",
  data: { id: "1414" },
  b24event: "ONCALENDARENTRYUPDATE",
};

function signed(body) {
  const now = new Date();
  return {
    "content-type": "application/cloudevents+json; charset=utf-8",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": webhook.sign(id, now, body),
  };
}

test("a signed event is read", () => {
  const body = JSON.stringify(event);
  const delivery = judge(webhook, signed(body), body);
  assert.equal(delivery.problem, undefined);
  assert.equal(delivery.signature, "ok");
  assert.equal(delivery.event.subject, "1414");
  assert.equal(delivery.event.b24event, "ONCALENDARENTRYUPDATE");
  assert.deepEqual(delivery.event.data, { id: "1414" });
});

test("a body that was changed on the way has a bad signature", () => {
  const body = JSON.stringify(event);
  const delivery = judge(webhook, signed(body), body.replace("1414", "1415"));
  assert.equal(delivery.signature, "BAD");
  assert.equal(delivery.event, undefined);
});

test("a body without a signature has a bad one", () => {
  const body = JSON.stringify(event);
  const { "webhook-signature": _, ...headers } = signed(body);
  assert.equal(judge(webhook, headers, body).signature, "BAD");
});

test("a signed body that is no CloudEvent is a problem", () => {
  const { source: _, ...sourceless } = event;
  const body = JSON.stringify(sourceless);
  const delivery = judge(webhook, signed(body), body);
  assert.equal(delivery.signature, "ok");
  assert.match(delivery.problem, /CloudEvent/);
});
