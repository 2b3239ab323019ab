// A stand-in for the script of https://api.bitrix24.com/api/v1/: what an application's page usually calls of it. It speaks
// with the portal's page as the real one does, so either works in a frame of the simulator.
(function () {
  "use strict";
  if (window.BX24) return;

  const [domain, protocol, sid] = window.name.split("|");
  const origin = `${protocol === "1" ? "https" : "http"}://${domain}`;
  const waiting = new Map();
  let data;
  let installer;
  let last = 0;

  /** `command:parameters:callback:APP_SID` goes to the portal's page; `callback:result` comes back. */
  function send(command, parameters, callback) {
    last += 1;
    const key = `cb${last}`;
    if (callback) waiting.set(key, callback);
    window.parent.postMessage([command, parameters === undefined ? "" : JSON.stringify(parameters), key, sid].join(":"), origin);
  }

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || typeof event.data !== "string") return;
    const [key, ...rest] = event.data.split(":");
    const callback = waiting.get(key);
    waiting.delete(key);
    if (callback) callback(rest.join(":") === "" ? undefined : JSON.parse(rest.join(":")));
  });

  const auth = () => ({
    access_token: data.AUTH_ID,
    refresh_token: data.REFRESH_ID,
    expires_in: data.AUTH_EXPIRES,
    domain: data.DOMAIN,
    member_id: data.MEMBER_ID,
  });

  function answerOf(answer) {
    return {
      answer,
      error: () => (answer.error ? Object.assign(new String(answer.error_description || answer.error), { ex: answer }) : undefined),
      data: () => answer.result,
      total: () => answer.total,
      more: () => answer.next !== undefined,
    };
  }

  async function call(method, parameters) {
    const response = await fetch(`${origin}${data.PATH}/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...parameters, auth: data.AUTH_ID }),
    });
    return response.json();
  }

  const BX24 = {
    init(callback) {
      if (data !== undefined) return void callback();
      send("getInitData", {}, (answer) => {
        data = answer;
        if (data.INSTALL && installer) installer();
        callback();
      });
    },
    install(callback) {
      installer = callback;
      if (data !== undefined && data.INSTALL) callback();
    },
    installFinish: () => send("setInstallFinish", {}),
    ready: (callback) => (document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", callback) : callback()),
    isReady: () => document.readyState !== "loading",
    getAuth: () => (data === undefined ? false : auth()),
    refreshAuth: (callback) =>
      send("refreshAuth", {}, (answer) => {
        Object.assign(data, answer);
        if (callback) callback(auth());
      }),
    getLang: () => data.LANG,
    getDomain: () => domain,
    isAdmin: () => data.IS_ADMIN,
    callMethod(method, parameters, callback) {
      call(method, parameters).then((answer) => callback && callback(answerOf(answer)));
      return true;
    },
    callBatch(calls, callback, halt) {
      const commandOf = (one) => (Array.isArray(one) ? one : [one.method, one.params]);
      const cmd = Object.fromEntries(
        Object.entries(calls).map(([name, one]) => {
          const [method, parameters = {}] = commandOf(one);
          return [name, `${method}?${new URLSearchParams(parameters)}`];
        }),
      );
      call("batch", { cmd, halt: halt ? 1 : 0 }).then(({ result }) => {
        const one = (name) => answerOf(result.result_error[name] || { result: result.result[name] });
        callback(
          Array.isArray(calls) ? calls.map((_, index) => one(index)) : Object.fromEntries(Object.keys(calls).map((name) => [name, one(name)])),
        );
      });
      return true;
    },
    callBind: (event, handler, authType, callback) => BX24.callMethod("event.bind", { event, handler, auth_type: authType || 0 }, callback),
    callUnbind: (event, handler, authType, callback) => BX24.callMethod("event.unbind", { event, handler, auth_type: authType || 0 }, callback),
    resizeWindow: (width, height, callback) => send("resizeWindow", { width, height }, callback),
    fitWindow: (callback) => send("resizeWindow", { width: "100%", height: document.documentElement.scrollHeight }, callback),
    setTitle: (title, callback) => send("setTitle", { title }, callback),
    reloadWindow: (callback) => send("reloadWindow", {}, callback),
    closeApplication: (callback) => send("closeApplication", {}, callback),
    placement: { info: () => ({ placement: data.PLACEMENT, options: data.PLACEMENT_OPTIONS }) },
    appOption: optionsOf("APP_OPTIONS", "setAppOption"),
    userOption: optionsOf("USER_OPTIONS", "setUserOption"),
  };

  function optionsOf(member, command) {
    return {
      get: (name) => data[member][name],
      set(name, value, callback) {
        data[member][name] = value;
        send(command, { name, value }, callback);
      },
    };
  }

  window.BX24 = BX24;
})();
