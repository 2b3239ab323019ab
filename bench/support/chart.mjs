// Draws bars as SVG that can be read on a light page and on a dark one.

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 360, 56, 12, 64, 48];
const LINES = 4;
/** Told apart by lightness as well, for those who see colours differently. The last is the relay. */
const LIGHT = ["#c3c7cf", "#8d94a3", "#5b6475", "#0b6bcb"];
const DARK = ["#565d6b", "#8d94a3", "#bfc5d1", "#5cb0ff"];

/** `groups` are names; `series` have a name and a value for each group. */
export function draw({ groups, series }) {
  const most = ceiling(Math.max(...series.flatMap(({ values }) => values)));
  const y = (value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  const room = (WIDTH - LEFT - RIGHT) / groups.length;
  const bar = (room * 0.8) / series.length;
  const x = (group, index) => LEFT + group * room + room * 0.1 + index * bar;
  const lines = Array.from({ length: LINES + 1 }, (_, index) => (most * index) / LINES).flatMap((value) => [
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(value))}" y2="${at(y(value))}"/>`,
    text(LEFT - 8, y(value) + 4, value.toLocaleString("en-US"), "end"),
  ]);
  const bars = series.flatMap(({ name, values }, index) =>
    values.map((value, group) => {
      const label = `${name}, ${groups[group]}: ${Math.round(value).toLocaleString("en-US")} events/s`;
      const [width, height] = [bar - 2, HEIGHT - BOTTOM - y(value)];
      const place = `x="${at(x(group, index))}" y="${at(y(value))}" width="${at(width)}" height="${at(height)}"`;
      return `<rect class="s${index}" ${place}><title>${label}</title></rect>`;
    }),
  );
  const names = groups.map((name, group) => text(LEFT + (group + 0.5) * room, HEIGHT - BOTTOM + 18, name, "middle"));
  const legend = series.flatMap(({ name }, index) => [
    `<rect class="s${index}" x="${LEFT + index * 110}" y="34" width="12" height="12"/>`,
    text(LEFT + index * 110 + 18, 44, name, "start"),
  ]);
  const colours = (list) => list.map((colour, index) => `.s${index}{fill:${colour}}`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Accepted events per second by connections">
<style>
text{font:13px system-ui,sans-serif;fill:#3a404c}.title{font-weight:600;font-size:15px}.grid{stroke:#d9dce2}${colours(LIGHT)}
@media (prefers-color-scheme:dark){text{fill:#c9ced8}.grid{stroke:#3a404c}${colours(DARK)}}
</style>
${text(LEFT, 20, "Accepted events per second, log only", "start", "title")}
${[...lines, ...bars, ...names, ...legend].join("\n")}
${text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 8, "connections", "middle")}
</svg>
`;
}

const at = (value) => value.toFixed(1);
const text = (x, y, content, anchor, name) => `<text${name ? ` class="${name}"` : ""} x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${content}</text>`;

/** The next number that divides well into the lines. */
function ceiling(value) {
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * step).find((most) => most >= value);
}
