// Floor A: the least that can be done and still be durable. The raw body goes into a SQLite Durable Object by RPC; nothing is
// read, checked or normalized. The object is found by cutting the member_id out of the body.
import { DurableObject } from "cloudflare:workers";

const MEMBER_ID = "member_id%5D=";

export class Log extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.sql = state.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    this.seq = this.sql.exec("SELECT COALESCE(MAX(seq), 0) AS seq FROM log").one().seq;
  }

  append(body) {
    this.sql.exec("INSERT INTO log (seq, body) VALUES (?, ?)", ++this.seq, body);
    return this.seq;
  }
}

export default {
  async fetch(request, env) {
    const body = await request.text();
    const start = body.indexOf(MEMBER_ID) + MEMBER_ID.length;
    const stub = env.LOG.getByName(body.slice(start, start + 32));
    const seq = await stub.append(body);
    return new Response(`{"seq":${seq}}`, { headers: { "content-type": "application/json" } });
  },
};
