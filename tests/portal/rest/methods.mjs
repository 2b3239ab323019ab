// The REST methods that there are, by name: the scope that each needs, and what it does with `(context, parameters)`.

import { batch } from "./batch.mjs";
import { eventMethods } from "./events.mjs";
import { objectMethods } from "./objects.mjs";
import { systemMethods } from "./system.mjs";

export const METHODS = Object.assign(Object.create(null), { batch: { run: batch } }, systemMethods, eventMethods, objectMethods);
