// What went wrong, in words that help.

import { known, t } from "./text.js";

/** A sentence for a person: ours where we know the code, else the relay's own. */
export function explain(error) {
  const { code, message } = error;
  if (code === undefined) return message;
  const sentence = known(`problem.${code}`, undefined);
  if (sentence === undefined) return t("problem.other", { code, detail: message });
  return sentence.includes("…") ? sentence.replace("…", message) : sentence;
}
