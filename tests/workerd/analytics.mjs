// The relay's own entry, with a stand-in for Workers Analytics Engine in place of the binding ANALYTICS: every data point becomes a line of
// the log. For tests only; everything else is passed on unchanged.
import * as relay from "./index.js";

const ANALYTICS = { writeDataPoint: (point) => console.log(`data point ${JSON.stringify(point)}`) };

export class Portal extends relay.Portal {
  constructor(state, env) {
    super(state, { ...env, ANALYTICS });
  }
}

export { Directory } from "./index.js";

export default {
  fetch: (request, env, context) => relay.default.fetch(request, { ...env, ANALYTICS }, context),
};
