// Tries destinations by a signed test event, which stands in no log and changes nothing about them.

import { finding, remedyOf } from "./finding.mjs";

/** Most test events of one examination: a test takes 15 seconds at worst. */
export const MAX_TESTS = 20;
/** Time that the relay may take over one. */
const TIMEOUT_MS = 25_000;

export class Trials {
  constructor(api) {
    this.api = api;
    this.left = MAX_TESTS;
    this.isDefaultTested = false;
  }

  /** Tries a portal's destinations, but those that are paused or known to be down; the default one is the same for all portals, and tried once. */
  async of(memberId) {
    const answer = await this.api.send("GET", `/portals/${memberId}/destinations`);
    if (!answer.ok) return [];
    const { destinations } = await answer.json();
    const findings = [];
    for (const { name, paused, error, delivery } of destinations) {
      if (paused || delivery.circuit_open_until !== undefined || (name === "default" && (this.isDefaultTested || error !== undefined))) continue;
      if (error !== undefined) {
        findings.push(finding("error", `${name} of ${memberId} cannot be sent anything: ${error}`, "Set VAULT_KEY to the key that its secrets were sealed under, before the new one; or make the destination anew."));
        continue;
      }
      if (this.left === 0) break;
      this.left -= 1;
      if (name === "default") this.isDefaultTested = true;
      findings.push(...(await this.test(memberId, name)));
    }
    return findings;
  }

  async test(memberId, name) {
    const answer = await this.api.send("POST", `/portals/${memberId}/destinations/${name}/test`, { timeout: TIMEOUT_MS });
    const { delivered, status, error, detail } = await answer.json().catch(() => ({}));
    if (delivered) return [];
    if (!answer.ok) return [finding("warning", `${name} of ${memberId} could not be tested: ${detail ?? answer.status}`, "Run this again.")];
    return [finding("error", `${name} of ${memberId} did not take a test event: ${error}`, remedyOf({ name, memberId }, status, error))];
  }
}
