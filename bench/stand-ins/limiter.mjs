// Stands in for the rate limiter of Cloudflare, which plain workerd does not have: so many calls a period for each key.

class Ratelimit {
  constructor({ limit, period }) {
    Object.assign(this, { allowed: limit, millis: period * 1000, counts: new Map() });
  }

  async limit({ key }) {
    const window = Math.floor(Date.now() / this.millis);
    if (this.window !== window) Object.assign(this, { window, counts: new Map() });
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    return { success: count <= this.allowed };
  }
}

export default () => new Ratelimit({ limit: 100, period: 60 });
