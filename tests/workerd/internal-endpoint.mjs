// An endpoint that only a service binding reaches. It passes on what it gets, and says by which URL it was called.
export default {
  async fetch(request, env) {
    const headers = new Headers(request.headers);
    headers.set("x-called-as", request.url);
    return fetch(env.FORWARD_TO, { method: request.method, headers, body: request.body, redirect: "manual" });
  },
};
