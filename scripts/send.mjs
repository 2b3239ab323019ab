// `npm run send -- <event> <id>`: the demo portal of a running `npm start` sends one more event.

import { load } from "./demo/settings.mjs";
import { send } from "./demo/portal.mjs";
import { Failure, main, say } from "./support/output.mjs";

await main(async () => {
  const [event, id, ...more] = process.argv.slice(2);
  if (event === undefined || id === undefined || more.length > 0) {
    throw new Failure("an event and an id are needed", ["npm run send -- ONCALENDARENTRYADD 77", "npm run send -- ONCRMDEALUPDATE 7405"]);
  }
  const settings = load();
  if (settings.portal === undefined) throw new Failure("the demo has not been started yet", "Start it in another terminal: npm start");
  const answer = await send(settings, event.toUpperCase(), id);
  say(`200 accepted: ${answer.id}, number ${answer.seq} of the portal's log. The terminal of npm start shows it arrive.`);
});
