// What the objects of a counted relay used, as the runtime counts it and the platform bills it.

/** Rows, and requests to objects: alarms are requests, and setting one is a row written. */
export async function usage(client) {
  const { status, text } = await client.call("GET", "/counted-by-the-runtime");
  if (status !== 200) throw new Error(`the counts were answered ${status}`);
  const sum = (pick) => Object.values(JSON.parse(text)).reduce((total, count) => total + pick(count), 0);
  return {
    rowsWritten: sum(({ rowsWritten, alarmsSet }) => rowsWritten + alarmsSet),
    rowsRead: sum(({ rowsRead }) => rowsRead),
    requests: sum(({ requests, alarms }) => requests + alarms),
  };
}

/** What was used between two looks, for each of so many events. */
export const perEvent = (after, before, events) =>
  Object.fromEntries(Object.keys(after).map((name) => [name, (after[name] - before[name]) / events]));
