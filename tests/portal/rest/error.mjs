/** What a REST method refuses with: a code, Bitrix24's own words, a status. */
export class RestError extends Error {
  constructor(status, code, description, more = {}) {
    super(description);
    this.status = status;
    this.body = { error: code, error_description: description, ...more };
  }
}

export const missing = (name) => new RestError(400, "ERROR_ARGUMENT", `Argument '${name}' is null or empty`, { argument: name });
export const denied = (description) => new RestError(403, "ACCESS_DENIED", description);
