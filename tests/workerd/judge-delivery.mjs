// Has the official packages judge one delivery. The only argument is JSON: {headers, body, secret}. Prints
// {"signature": "ok" or what is wrong, "event": the event or null, "error": why it is null}.
import { HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";

const { headers, body, secret } = JSON.parse(process.argv[2]);
const verdict = { signature: "ok", event: null };
try {
  new Webhook(secret).verify(body, headers);
} catch (error) {
  verdict.signature = String(error);
}
try {
  const event = HTTP.toEvent({ headers, body });
  event.validate();
  verdict.event = event.toJSON();
} catch (error) {
  verdict.error = String(error);
}
console.log(JSON.stringify(verdict));
