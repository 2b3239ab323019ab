// Pages of a list that has a cursor to the next one: the way back is remembered.

/** `fetchPage` gets a cursor, and gives a page with `next`. */
export function pagesOf(fetchPage) {
  const behind = [];
  let cursor;
  let next = null;
  const read = async () => {
    const page = await fetchPage(cursor);
    next = page.next;
    return page;
  };
  return {
    /** The page where one is, as it is now. */
    read,
    hasPrevious: () => behind.length > 0,
    hasNext: () => next !== null,
    previous: () => ((cursor = behind.pop()), read()),
    next: () => (behind.push(cursor), (cursor = next), read()),
  };
}
