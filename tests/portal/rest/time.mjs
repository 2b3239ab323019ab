/** The `time` that every answer of the REST has; both ends in milliseconds since 1970. */
export function formatTime(start, finish) {
  const date = (milliseconds) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "+00:00");
  const duration = (finish - start) / 1000;
  return {
    start: start / 1000,
    finish: finish / 1000,
    duration,
    processing: duration,
    date_start: date(start),
    date_finish: date(finish),
    operating: 0,
  };
}
