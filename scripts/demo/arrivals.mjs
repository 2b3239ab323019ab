// Brings what the portal sends and what the receiver gets together, in an order that a person can follow.

/**
 * Shows deliveries as they come, but not in the middle of a sending: the relay delivers so soon that an event can be at the
 * receiver before the portal has read the answer.
 */
export function createArrivals(show) {
  const known = new Map();
  const waiting = [];
  let sending = false;

  const of = (id) => {
    if (!known.has(id)) {
      let arrive;
      known.set(id, { delivery: new Promise((resolve) => (arrive = resolve)), arrive });
    }
    return known.get(id);
  };
  const showWaiting = () => waiting.splice(0).forEach(show);

  return {
    add(delivery) {
      waiting.push(delivery);
      if (!sending) showWaiting();
      of(delivery.id).arrive(delivery);
    },
    /** Runs `send`, which returns an answer with the event's id, and returns a promise of that event's delivery. */
    async after(send) {
      sending = true;
      try {
        return of((await send()).id).delivery;
      } finally {
        sending = false;
        showWaiting();
      }
    },
  };
}
