/** What is printed while `work` is done, for tests. */
export async function printedBy(work) {
  const lines = [];
  const { write } = process.stdout;
  process.stdout.write = (text) => lines.push(text) > 0;
  try {
    await work();
  } finally {
    process.stdout.write = write;
  }
  return lines.join("");
}
