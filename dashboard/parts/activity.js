// Events per minute, as a chart that goes on by itself.

import { h } from "../lib/dom.js";
import { barChart } from "../lib/chart.js";
import { repeat } from "../lib/refresh.js";
import { day, minute, number, t } from "../lib/text.js";
import { choice } from "./controls.js";
import { section } from "./pieces.js";

/** Minutes that can be looked at. */
const SPANS = [60, 360, 1440];

/**
 * `add` counts an event that was heard of; what was counted is read again when a new bar begins. One that was received before the last
 * reading is counted already: the page was hidden meanwhile, say.
 */
export function activityPanel({ api, memberId, signal }) {
  let span = SPANS[0];
  let known;
  let readAt;
  let ending;
  const readout = h("p", { class: "readout" });
  const chart = barChart({ signal, isTime: true, colour: "--accent", onPoint: (index) => tell(index) });
  const spans = choice(t("activity.span"), SPANS.map((minutes) => [minutes, t(`activity.${minutes}`)]), span, (chosen) => {
    span = chosen;
    begin();
  });
  begin();
  return {
    element: section(t("activity"), spans, readout, chart.element),
    add({ b24receivedat, time }) {
      if (known === undefined || Date.now() >= endOf(known) || Date.parse(b24receivedat ?? time) < readAt) return;
      known.counts[known.counts.length - 1] += 1;
      draw();
    },
  };

  function begin() {
    ending?.abort();
    ending = new AbortController();
    const either = AbortSignal.any([signal, ending.signal]);
    // A bar is read again when it is over.
    repeat(Math.max(60, (span / 120) * 60), either, async () => {
      readAt = Date.now();
      known = await api.get(`/portals/${memberId}/activity`, { minutes: span }, either).catch(() => known);
      if (known !== undefined && !either.aborted) draw();
    });
  }

  function draw() {
    const { bucket_seconds: seconds, counts } = known;
    const from = Date.parse(known.from) / 1_000;
    const xs = counts.map((_, index) => from + index * seconds);
    chart.draw({ xs, ys: counts, name: (x) => (span > 720 ? day : minute)(x * 1_000), summary: summary(known) });
    tell();
  }

  function tell(index) {
    if (known === undefined) return;
    readout.textContent = index === undefined ? summary(known) : `${minute(startOf(known, index))} · ${t("activity.count", { count: known.counts[index] })}`;
  }
}

const startOf = ({ from, bucket_seconds }, index) => Date.parse(from) + index * bucket_seconds * 1_000;

const endOf = (known) => startOf(known, known.counts.length);

/** The chart in words: for screen readers, and for whoever does not point at it. */
function summary(known) {
  const total = known.counts.reduce((sum, count) => sum + count, 0);
  const most = Math.max(...known.counts);
  if (total === 0) return t("activity.nothing");
  const rate = most / (known.bucket_seconds / 60);
  const peak = number(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate));
  return t("activity.summary", { count: total, peak, time: minute(startOf(known, known.counts.indexOf(most))) });
}
