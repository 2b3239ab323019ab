// A consumer of a Cloudflare Queue. It passes each message on, as a POST of JSON.
export default {
  async queue(batch, env) {
    for (const message of batch.messages) {
      const headers = { "content-type": "application/json", "x-queue": batch.queue };
      await fetch(env.QUEUE_TO, { method: "POST", headers, body: JSON.stringify(message.body) });
    }
  },
};
