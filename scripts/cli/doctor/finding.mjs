// What is wrong with a relay, and what helps.

import { RUN } from "../words.mjs";

/** What is wrong: `severity` is `error` or `warning`. */
export const finding = (severity, what, remedy) => ({ severity, what, remedy });

/** What helps against what a destination did with an event; `status` is absent where there was no answer. */
export function remedyOf({ name, memberId }, status, error = "") {
  if (status === 401 || status === 403) {
    const secret = name === "default" ? "FORWARD_SECRET" : "the secret of this destination";
    const store = name === "default" ? "store the same again: npx wrangler secret put FORWARD_SECRET" : `POST /portals/${memberId}/destinations/${name}/rotate-secret shows a new one`;
    return `The endpoint does not believe the signature. Does it verify with ${secret}, over the body as it came, with its clock right, and let nothing else in between ask for a login? Where the secret may differ, ${store}.`;
  }
  if (status === 404 || status === 405) return `Is the path of its URL right, and does it take POST? ${where(name)}`;
  if (status === 410) return `It says that it is gone. Mend it, or its URL; then: ${RUN} destinations resume ${memberId} ${name}`;
  if (status >= 300 && status < 400) return `Redirects are not followed: set the URL that it redirects to. ${where(name)}`;
  if (status === 429) return "It is asked too much: let it take more, or choose fewer events for it. Events wait, and go on by themselves.";
  if (status >= 400 && status < 500) return "Look into the endpoint's log: it should answer 2xx to events of types that it does not know.";
  if (status >= 500) return "Look into the endpoint's log. Events wait, and go on by themselves once it is well.";
  if (/could not be made/.test(error)) return "Is the binding in wrangler.toml, under the very name that FORWARD_BINDING, or the destination, has? Then `npm run deploy`.";
  if (/in time/.test(error)) return "The endpoint has 15 seconds to answer: let it answer first and work afterwards.";
  return `Does the endpoint run, at this very host and port, and can it be reached from the internet? ${where(name)} One that is not on the internet needs a binding: docs/OPERATIONS.md.`;
}

const where = (name) => (name === "default" ? "It stands in FORWARD_URL." : "`destinations` shows it.");

/** The status in what the relay says about a failure. */
export const statusIn = (error) => Number(/answered (\d{3})/.exec(error ?? "")?.[1]) || undefined;
