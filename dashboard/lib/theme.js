// Light, dark, or what the system says.

const KEY = "relay.theme";
const ORDER = ["system", "light", "dark"];

const listeners = new Set();

export const theme = () => (ORDER.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "system");

export function applyTheme() {
  document.documentElement.dataset.theme = theme();
  for (const listener of listeners) listener();
}

export function nextTheme() {
  localStorage.setItem(KEY, ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length]);
  applyTheme();
}

/** Calls `listener` when colours change, for what is drawn rather than styled. */
export function onTheme(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener, { signal });
}
