// Every secret that the world has issued: OAuth tokens with their fate, and the tokens and secrets of applications.

/** An access token lives an hour, a refresh token 180 days. */
export const ACCESS_SECONDS = 3_600;
export const REFRESH_SECONDS = 180 * 24 * 3_600;

/** What a token looks like, to tell a wrong one from what is none. */
const TOKEN_LIKE = /^[0-9a-z]{32,70}$/;

export const looksLikeToken = (value) => typeof value === "string" && TOKEN_LIKE.test(value);

/** All that was issued, in order, and never forgotten: a leak has to be found long after a token has ended. */
export function createTokens({ clock, random }) {
  const issued = [];
  const byValue = new Map();
  const record = (entry) => {
    issued.push(entry);
    byValue.set(entry.value, entry);
    return entry;
  };
  /** As observed, the first four bytes of a token are its end, little-endian. */
  const value = (expires) => {
    const end = Buffer.alloc(4);
    end.writeUInt32LE(expires);
    return end.toString("hex") + random.hex(62);
  };
  const token = (kind, install, user, lifetime) => {
    const expires = clock.seconds() + lifetime;
    return record({ kind, value: value(expires), install, user, issued: clock.seconds(), expires, state: "valid" });
  };
  return {
    /** An access token for a call or an event. */
    access: (install, user) => token("access", install, user, ACCESS_SECONDS),
    /** An access token with the refresh token that renews it. */
    pair: (install, user) => ({ access: token("access", install, user, ACCESS_SECONDS), refresh: token("refresh", install, user, REFRESH_SECONDS) }),
    /** Notes a secret that is no OAuth token: `kind` is `application_token` or `client_secret`. */
    note(kind, text, of = {}) {
      if (!issued.some((entry) => entry.kind === kind && entry.value === text))
        record({ kind, value: text, ...of, issued: clock.seconds(), state: "valid" });
      return text;
    },
    /** The token of this kind and value, if there ever was one. */
    find: (kind, text) => (byValue.get(text)?.kind === kind ? byValue.get(text) : undefined),
    isOver: (entry) => entry.expires <= clock.seconds(),
    /** Ends the tokens of an installation, as its removal does. */
    revoke(install) {
      const ends = ({ kind, install: of, state }) => (kind === "access" || kind === "refresh") && of === install && state === "valid";
      for (const entry of issued.filter(ends)) entry.state = "revoked";
    },
    /** Lets valid tokens of this kind end now. Returns how many did. */
    expire(kind, matches) {
      const ending = issued.filter((entry) => entry.kind === kind && entry.state === "valid" && entry.expires > clock.seconds() && matches(entry));
      for (const entry of ending) entry.expires = clock.seconds();
      return ending.length;
    },
    all: () => issued,
  };
}
