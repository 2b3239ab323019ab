// Bars over an axis, drawn by uPlot in the colours of the page.

import uPlot from "uplot";
import { h } from "./dom.js";
import { number } from "./text.js";
import { onTheme } from "./theme.js";

const HEIGHT = 180;
/** Pixels that the name of a bar takes. */
const NAME_WIDTH = 52;
const FONT = '11px "Inter Variable", system-ui, sans-serif';

/**
 * `{ element, draw }`. `draw` takes `xs`, `ys`, `name` (what an x is called) and `summary`, which says in words what the chart
 * shows. `onPoint` is told which bar the pointer is at, or none. `isTime` is whether xs are seconds since 1970.
 */
export function barChart({ signal, isTime, colour, onPoint }) {
  const element = h("div", { class: "chart", role: "img" });
  let plot;
  let drawn;
  const width = () => Math.max(200, element.clientWidth);
  const build = () => {
    plot?.destroy();
    plot = drawn && new uPlot(options({ element, width: width(), isTime, colour, onPoint, ...drawn }), [drawn.xs, drawn.ys], element);
  };
  const observer = new ResizeObserver(() => plot && plot.width !== width() && plot.setSize({ width: width(), height: HEIGHT }));
  observer.observe(element);
  signal.addEventListener("abort", () => (observer.disconnect(), plot?.destroy()));
  onTheme(build, signal);
  return {
    element,
    draw(data) {
      element.setAttribute("aria-label", data.summary);
      const isSame = drawn !== undefined && drawn.xs.length === data.xs.length;
      drawn = data;
      if (isSame && plot !== undefined) plot.setData([data.xs, data.ys]);
      else build();
    },
  };
}

function options({ element, width, isTime, colour, onPoint, xs, name }) {
  const ink = colourOf(element, "--quiet");
  const line = colourOf(element, "--line");
  const fillColour = colourOf(element, colour);
  const step = xs.length > 1 ? xs[1] - xs[0] : 1;
  // Names of bars that are no times do not thin themselves out.
  const every = Math.ceil((xs.length * NAME_WIDTH) / width);
  const axis = { stroke: ink, font: FONT, ticks: { show: false }, grid: { stroke: line, width: 1 } };
  return {
    width,
    height: HEIGHT,
    padding: [12, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: isTime, range: (_, low, high) => [low - step / 2, high + step / 2] }, y: { range: (_, __, high) => [0, Math.max(4, Math.ceil(high * 1.1))] } },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: 64, ...(isTime ? {} : { splits: () => xs }), values: (_, splits) => splits.map((x, index) => (isTime || index % every === 0 ? name(x) : "")) },
      { ...axis, size: 40, space: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5], values: (_, splits) => splits.map((y) => number(y)) },
    ],
    series: [{}, { fill: fillColour, stroke: fillColour, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.72, 40], radius: 0.18 }) }],
    hooks: { setCursor: [(plot) => onPoint?.(plot.cursor.idx ?? undefined)] },
  };
}

/** A colour of the style sheet as a canvas understands it. */
function colourOf(element, name) {
  const probe = h("i", {});
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
