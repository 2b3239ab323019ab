// The leaky bucket that every caller has at every portal.

/** Takes one request. Returns whether there was room: what is in the bucket runs out at so many requests a second. */
export function takeRequest(world, portal, caller) {
  const { rate_per_second: rate, rate_burst: burst } = world.settings;
  const now = world.clock.now() / 1000;
  const bucket = portal.buckets.get(caller) ?? { level: 0, at: now };
  const level = Math.max(0, bucket.level - (now - bucket.at) * rate);
  const fits = level + 1 <= burst;
  portal.buckets.set(caller, { level: fits ? level + 1 : level, at: now });
  return fits;
}
