// The portal's side of the conversation with the page in its frame. `portal` is what the portal knows of the page, written
// into the document by `pages.mjs`.
"use strict";

const frame = document.querySelector("iframe");
const { sid, init, applicationOrigin } = JSON.parse(document.getElementById("portal").textContent);

/** Has the portal's server do something for this page. */
async function ask(what) {
  const response = await fetch(what, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ sid }) });
  if (!response.ok) throw new Error(`${what}: ${await response.text()}`);
  return response.json();
}

const COMMANDS = {
  getInitData: () => init,
  async setInstallFinish() {
    await ask("finish");
    // The page opens anew, now as the application itself; not if the address says that it should stay.
    if (!new URLSearchParams(location.search).has("stay")) setTimeout(() => location.reload(), 300);
    document.body.dataset.installed = "yes";
    document.getElementById("state").textContent = "The application is installed.";
    return true;
  },
  setInstall: () => true,
  async refreshAuth() {
    return Object.assign(init, await ask("refresh"));
  },
  resizeWindow({ height }) {
    frame.style.height = Number.isFinite(Number(height)) ? `${height}px` : height;
    return { width: frame.clientWidth, height: frame.clientHeight };
  },
  setTitle({ title }) {
    document.title = title;
    return true;
  },
  setAppOption({ name, value }) {
    init.APP_OPTIONS[name] = value;
    return true;
  },
  setUserOption({ name, value }) {
    init.USER_OPTIONS[name] = value;
    return true;
  },
  reloadWindow: () => location.reload(),
  closeApplication: () => frame.remove(),
};

window.addEventListener("message", async ({ source, origin, data }) => {
  if (source !== frame.contentWindow || origin !== applicationOrigin || typeof data !== "string") return;
  const [command, ...rest] = data.split(":");
  const [key, from] = rest.splice(-2);
  if (from !== sid || COMMANDS[command] === undefined) return;
  try {
    const result = await COMMANDS[command](rest.join(":") === "" ? {} : JSON.parse(rest.join(":")));
    frame.contentWindow?.postMessage(`${key}:${result === undefined ? "" : JSON.stringify(result)}`, origin);
  } catch (error) {
    document.querySelector("output").textContent = error.message;
  }
});

document.querySelector("form").submit();
