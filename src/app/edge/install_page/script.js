// The installer page: asks how far the installation is, shows it, and completes it.
const page = document.querySelector("main");
const result = document.querySelector(".result");
const button = document.querySelector("button");
const { member, ticket, progress: progressUrl } = page.dataset;

/** How often to ask, and how long to wait for the token after the installation was completed. */
const ASK_MILLIS = 1_000;
const WAIT_MILLIS = 60_000;

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

function show(step, state) {
  const item = document.querySelector(`[data-step="${step}"]`);
  item.dataset.state = state;
  item.querySelector(".state").textContent = page.dataset[state] ?? "";
}

function tell(state, text, details = []) {
  result.dataset.state = state;
  result.textContent = [text, ...details].join(" ");
  result.hidden = false;
  button.hidden = state === "done";
}

async function ask(retry) {
  const response = await fetch(progressUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ member_id: member, ticket, retry }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

/** Completes the installation in the portal. It works for an administrator, inside the portal alone. */
function finish() {
  return new Promise((resolve, reject) => {
    if (!globalThis.BX24) return reject(new Error("BX24 is not there"));
    setTimeout(() => reject(new Error("BX24 does not answer")), 10_000);
    BX24.init(() => {
      BX24.installFinish();
      resolve();
    });
  });
}

function showSubscriptions(progress) {
  show("subscribed", progress.subscribed);
  if (progress.subscribed !== "failed") return true;
  const scopes = new Set(progress.failed.map((binding) => binding.missing_scope).filter(Boolean));
  const lacking = scopes.size > 0 ? [page.dataset.missingScopes, `${[...scopes].join(", ")}.`] : [];
  tell("failed", page.dataset.notSubscribed, lacking);
  return false;
}

async function run(retry) {
  result.hidden = button.hidden = true;
  let isFinished = false;
  let deadline = Date.now() + WAIT_MILLIS;
  for (;;) {
    const progress = await ask(retry);
    retry = false;
    show("stored", progress.authorised ? "done" : "failed");
    if (!progress.authorised) return tell("failed", page.dataset.notAuthorised);
    if (!showSubscriptions(progress)) return;
    show("token", progress.token_known ? "done" : "pending");
    if (progress.subscribed === "done" && !progress.installed && !isFinished) {
      try {
        await finish();
      } catch {
        show("finished", "failed");
        return tell("failed", page.dataset.notFinished);
      }
      isFinished = true;
      deadline = Date.now() + WAIT_MILLIS;
    }
    if (progress.installed || isFinished) show("finished", "done");
    if (progress.subscribed === "done" && progress.token_known) return tell("done", page.dataset.success);
    if (Date.now() > deadline) {
      show("token", "failed");
      return tell("failed", page.dataset.noToken);
    }
    await pause(ASK_MILLIS);
  }
}

async function start(retry) {
  try {
    await run(retry);
  } catch {
    tell("failed", page.dataset.noConnection);
  }
}

button.addEventListener("click", () => (ticket ? start(true) : location.reload()));
if (ticket) start(false);
