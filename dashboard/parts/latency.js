// How long deliveries took, from the log to the destination's answer.

import { fill, h } from "../lib/dom.js";
import { barChart } from "../lib/chart.js";
import { readLatency } from "../lib/latency.js";
import { duration, t } from "../lib/text.js";
import { section } from "./pieces.js";

export function latencyPanel({ signal }) {
  const readout = h("p", { class: "readout" });
  const place = h("div", {});
  let known;
  const chart = barChart({ signal, isTime: false, colour: "--second", onPoint: (index) => tell(index) });
  return {
    element: section(t("latency"), [], readout, place),
    /** Draws the histogram of a portal's status; a relay that has none yet leaves the place empty. */
    show(latency) {
      known = latency && readLatency(latency);
      if (!known || known.total === 0) {
        readout.textContent = "";
        fill(place, h("p", { class: "nothing" }, t("latency.nothing")));
        return;
      }
      if (!chart.element.isConnected) fill(place, chart.element);
      chart.draw({ xs: known.bars.map((_, index) => index), ys: known.bars.map(({ count }) => count), name: (index) => nameOf(index), summary: summary() });
      tell();
    },
  };

  function nameOf(index) {
    const bar = known.bars[index];
    if (bar === undefined) return "";
    return bar.bound === undefined ? `> ${duration(known.bars[index - 1].bound)}` : duration(bar.bound);
  }

  function summary() {
    const over = duration(known.bars.at(-2).bound);
    const within = (bound) => (bound === undefined ? `> ${over}` : duration(bound));
    return t("latency.summary", { count: known.total, median: within(known.median), most: within(known.ninetyFifth) });
  }

  function tell(index) {
    if (known === undefined || known.total === 0) return;
    const bar = known.bars[index];
    readout.textContent = bar === undefined ? summary() : `${bar.bound === undefined ? "" : "≤ "}${nameOf(index)} · ${t("latency.count", { count: bar.count })}`;
  }
}
