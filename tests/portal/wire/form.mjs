// Encodes as Bitrix24 does, which is as PHP's `http_build_query` does. Checked against PHP 8.2; see form.test.mjs.

/**
 * A form body. Nested members become `a[b][0]`, with the brackets percent-encoded. Null, and what has no members, leaves no
 * trace; true is `1` and false is `0`.
 */
export function httpBuildQuery(members) {
  return pairs("", members)
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join("&");
}

function pairs(prefix, members) {
  return Object.entries(members).flatMap(([name, value]) => {
    const key = prefix === "" ? name : `${prefix}[${name}]`;
    if (value === null || value === undefined) return [];
    if (typeof value === "object") return pairs(key, value);
    if (typeof value === "boolean") return [[key, value ? "1" : "0"]];
    return [[key, String(value)]];
  });
}

/** PHP's `urlencode`: letters, digits, `-`, `_` and `.` stay, a space is `+`. JavaScript leaves `!'()*~` as well. */
const encode = (text) =>
  encodeURIComponent(text)
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, "+");
