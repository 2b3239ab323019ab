// The object of both peers: it keeps CloudEvents in SQLite, numbered.
import { DurableObject } from "cloudflare:workers";

export class Log extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.sql = state.storage.sql;
    this.sql.exec(`CREATE TABLE IF NOT EXISTS log (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL, logged_at INTEGER NOT NULL, type TEXT NOT NULL, subject TEXT, event TEXT NOT NULL
    )`);
    this.seq = this.sql.exec("SELECT COALESCE(MAX(seq), 0) AS seq FROM log").one().seq;
  }

  append(id, type, subject, event) {
    const insert = "INSERT INTO log (seq, id, logged_at, type, subject, event) VALUES (?, ?, ?, ?, ?, ?)";
    this.sql.exec(insert, ++this.seq, id, Date.now(), type, subject, event);
    return this.seq;
  }
}
