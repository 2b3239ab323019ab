// Calls the relay's API, always at the origin that the page came from.

/** What the relay answered that is no success: `code` is the stable code of its problem. */
export class ApiError extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code });
  }
}

export class Api {
  /** `onRefused` is called when the token is not, or no longer, the operator's. */
  constructor(token, onRefused) {
    this.token = token;
    this.onRefused = onRefused;
  }

  get = (path, query, signal) => this.call("GET", withQuery(path, query), { signal });
  post = (path, body) => this.call("POST", path, { body });
  put = (path, body) => this.call("PUT", path, { body });
  patch = (path, body) => this.call("PATCH", path, { body });
  delete = (path) => this.call("DELETE", path, {});

  async call(method, path, { body, signal }) {
    const response = await this.fetch(path, { method, signal, body: body && JSON.stringify(body) });
    return response.json();
  }

  /** The live tail of a log, as an open response. */
  tail(memberId, query, signal) {
    return this.fetch(withQuery(`/portals/${memberId}/events`, query), { signal, headers: { accept: "text/event-stream" } });
  }

  async fetch(path, { headers, ...options }) {
    const authorization = `Bearer ${this.token}`;
    let response;
    try {
      response = await fetch(path, { ...options, headers: { ...headers, authorization }, cache: "no-store", redirect: "error" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, "unreachable", error.message);
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    const error = new ApiError(response.status, problem.code ?? "unknown", problem.detail ?? response.statusText);
    if (response.status === 401) this.onRefused(error);
    throw error;
  }
}

/** The configuration, which anybody may ask for: 503 says what is wrong with it. */
export async function health(signal) {
  const response = await fetch("/healthz", { signal, cache: "no-store" });
  return (await response.json()).errors ?? [];
}

function withQuery(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
