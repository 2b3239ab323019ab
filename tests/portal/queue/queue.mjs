// The queue servers: every event goes to its handler once, each category in its own order, slow handlers later.

import { httpBuildQuery } from "../wire/form.mjs";
import { postForm } from "./post.mjs";

const USER_AGENT = "Bitrix24 Webhook Engine";

/** A queue server of this world. It has no retries: what fails is noted, and gone. */
export function createQueue(world) {
  const { settings } = world;
  const waiting = [];
  const handlers = new Map();
  const paused = new Set();
  let underWay = 0;
  let timer;
  let idle = [];

  /** What is known of a handler: how long it has to wait between calls, and when it may be called again. */
  const stateOf = (handler) => {
    if (!handlers.has(handler)) handlers.set(handler, { gap: 0, next: 0 });
    return handlers.get(handler);
  };
  const mayGo = (item, now) => !paused.has(item.category) && !paused.has("*") && stateOf(item.handler).next <= now;

  function run() {
    clearTimeout(timer);
    const now = performance.now();
    while (underWay < settings.queue_concurrency) {
      const at = waiting.findIndex((item) => mayGo(item, now));
      if (at === -1) break;
      call(waiting.splice(at, 1)[0]);
    }
    const soonest = Math.min(
      ...waiting.filter(({ category }) => !paused.has(category) && !paused.has("*")).map(({ handler }) => stateOf(handler).next),
    );
    if (underWay < settings.queue_concurrency && Number.isFinite(soonest)) timer = setTimeout(run, Math.max(1, soonest - now));
    if (underWay === 0 && waiting.length === 0) idle.splice(0).forEach((resolve) => resolve());
  }

  async function call(item) {
    underWay += 1;
    const state = stateOf(item.handler);
    if (state.gap > 0) state.next = performance.now() + state.gap;
    const body = item.body ?? httpBuildQuery(item.payload);
    const answer = await postForm(world, item.handler, body, { headers: { "user-agent": USER_AGENT, ...settings.queue_headers } });
    learn(state, answer);
    underWay -= 1;
    const { headers: _, ...outcome } = answer;
    item.done(world.deliveries.add({ by: "queue", event: item.event, handler: item.handler, sent: body, ...outcome }));
    run();
  }

  /** A slow answer, or none, makes the pauses longer; a quick one ends them. */
  function learn(state, { took_ms, error, status }) {
    const well = error === undefined && status < 500 && took_ms < settings.queue_slow_ms;
    state.gap = well ? 0 : Math.min(settings.queue_longest_gap_ms, Math.max(settings.queue_first_gap_ms, state.gap * 2));
    state.next = performance.now() + state.gap;
  }

  return {
    /** Queues POSTs of `postsOf`. Returns a promise of what became of each, in their order. */
    send(posts) {
      const outcomes = posts.map((post) => new Promise((done) => waiting.push({ ...post, done })));
      run();
      return Promise.all(outcomes);
    },
    /** Keeps the events of a category (`crm`, `default`, ..., or `*` for all) back, until it is resumed. */
    pause(category = "*") {
      paused.add(category);
    },
    resume(category) {
      if (category === undefined) paused.clear();
      else paused.delete(category);
      run();
    },
    /** Forgets how slow handlers were. */
    forgive() {
      handlers.clear();
      run();
    },
    waiting: () => waiting.map(({ event, handler, category }) => ({ event, handler, category })),
    /** Resolves when nothing waits and nothing is under way. */
    drained: () =>
      new Promise((resolve) => {
        idle.push(resolve);
        run();
      }),
    stop() {
      clearTimeout(timer);
      waiting.length = 0;
    },
  };
}
