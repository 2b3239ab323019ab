// English: what went wrong. `…` stands for the relay's own words.

export const problems = {
  "problem.unreachable": "The relay cannot be reached.",
  "problem.unauthorized": "This token is not known to the relay.",
  "problem.not_allowed": "This token may only read. The dashboard needs ADMIN_TOKEN.",
  "problem.not_configured": "Not configured: ….",
  "problem.unavailable": "The relay could not do it this time. Try again in a moment.",
  "problem.not_found": "It is not there: ….",
  "problem.conflict": "It cannot be done as things stand: ….",
  "problem.bad_request": "The relay does not take this: ….",
  "problem.weak_token": "The token is too short: ….",
  "problem.not_authorised": "The portal is not authorised: ….",
  "problem.portal_unreachable": "Bitrix24 did not answer: ….",
  "problem.other": "{detail} ({code})",
};
