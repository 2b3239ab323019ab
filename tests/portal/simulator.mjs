// The simulator as a whole: a world, its queue servers, and the HTTP in front.

import { OPERATIONS } from "./control/operations.mjs";
import { raise } from "./lifecycle.mjs";
import { createQueue } from "./queue/queue.mjs";
import { listen } from "./server.mjs";
import { createWorld } from "./world/world.mjs";

/**
 * Starts a simulator without portals on `port` of the loopback interface; 0 lets the system choose. The other options are
 * those of `createWorld`. Returns its world, its address, the address of its control API, `operate`, which runs one
 * of its operations from the same process, and `stop`.
 */
export async function startSimulator({ port = 0, ...options } = {}) {
  const world = createWorld(options);
  world.queue = createQueue(world);
  world.raise = (portal, change) => raise(world, portal, change);
  const server = await listen(world, port);
  world.url = `http://127.0.0.1:${server.address().port}`;
  return {
    world,
    url: world.url,
    control: `${world.url}/control`,
    operate: async (name, parameters = {}) => OPERATIONS[name].run(world, parameters),
    stop() {
      world.queue.stop();
      server.close();
      server.closeAllConnections();
    },
  };
}
