// Reads a query string or a form as PHP's `parse_str` does, as far as Bitrix24's own clients need it.

/** So many levels of brackets are read; a deeper name is taken as it stands. */
const MAX_DEPTH = 32;

/** The members of a form: `a[b][0]=1` becomes `{ a: { b: { 0: "1" } } }`, `a[]=1` gets the next number. */
export function parseForm(text) {
  const members = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) set(members, pathOf(name), value);
  return members;
}

/** What a request brings: the members of its query and, over them, of its body, be it a form or JSON. */
export function parametersOf(query, contentType, body) {
  return Object.assign(parseForm(query), bodyOf(contentType, body));
}

function bodyOf(contentType = "", body) {
  if (!contentType.startsWith("application/json")) return parseForm(body);
  try {
    const members = JSON.parse(body);
    return typeof members === "object" ? members : {};
  } catch {
    return {};
  }
}

function pathOf(name) {
  const match = /^([^[]+)((?:\[[^\]]*\])+)$/.exec(name);
  if (match === null) return [name];
  const keys = [match[1], ...[...match[2].matchAll(/\[([^\]]*)\]/g)].map(([, key]) => key)];
  return keys.length > MAX_DEPTH ? [name] : keys;
}

function set(members, [key, ...rest], value) {
  const name = key === "" ? String(Object.keys(members).length) : key;
  if (rest.length === 0) {
    members[name] = value;
    return;
  }
  if (typeof members[name] !== "object") members[name] = Object.create(null);
  set(members[name], rest, value);
}
