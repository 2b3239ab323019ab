// Fills the logs of portals, while the relay is down, with rows as the relay writes them. Needs a Node with SQLite.
// The only argument is JSON: { directory, rows: { <member_id>: <events that its log is to have> } }.
//
// The relay has logged one event of each portal. It is repeated under ids of its own, over the last three days.

import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const { directory, rows } = JSON.parse(process.argv[2]);
const SPREAD_MILLIS = 3 * 86_400_000;

const COPY = `
  WITH RECURSIVE n(seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < :rows),
  times(seq, at) AS (SELECT seq, first.logged_at + CAST(seq * :spread / :rows AS INTEGER) FROM n, (SELECT logged_at FROM log WHERE seq = 1) AS first),
  -- UUIDv7: 48 bits of time, the rest from the place.
  ids(seq, at, id) AS (SELECT seq, at, printf('%08x-%04x-7000-8000-%012x', at >> 16, at & 65535, seq) FROM times)
  INSERT INTO log (seq, id, logged_at, type, subject, removed, bytes, event)
  SELECT ids.seq, ids.id, ids.at, type, subject, removed, bytes, replace(event, log.id, ids.id) FROM ids, log WHERE log.seq = 1`;

for (const file of databases(directory)) {
  const database = new DatabaseSync(file);
  const isPortal = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'log'").get() !== undefined;
  const memberId = isPortal ? database.prepare("SELECT member_id FROM portal").get()?.member_id : undefined;
  const count = rows[memberId];
  if (count !== undefined) {
    database.exec("PRAGMA synchronous = OFF");
    if (count > 1) {
      database.prepare("UPDATE log SET logged_at = logged_at - ? WHERE seq = 1").run(SPREAD_MILLIS);
      database.prepare(COPY).run({ rows: count, spread: SPREAD_MILLIS });
    }
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const { logged } = database.prepare("SELECT COUNT(*) AS logged FROM log").get();
    if (logged !== count) throw new Error(`${memberId} has ${logged} events instead of ${count}`);
    delete rows[memberId];
  }
  database.close();
}
if (Object.keys(rows).length > 0) throw new Error(`no database of ${Object.keys(rows).join(", ")} in ${directory}`);

function databases(start) {
  return readdirSync(start, { recursive: true }).filter((name) => name.endsWith(".sqlite")).map((name) => path.join(start, name));
}
