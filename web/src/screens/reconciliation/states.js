// The states of a user, in the order of work.

/** @typedef {import("../../types.js").ReconciliationRow["state"]} State */

/** @type {{key: State, title: string, tone: import("../../components/badge.js").Tone, help: string}[]} */
export const STATES = [
  { key: "matched", title: "Matched", tone: "good", help: "The host ID is right already" },
  { key: "mapped", title: "Mapped", tone: "good", help: "Known; the host ID is to be updated" },
  { key: "proposed", title: "Proposed", tone: "busy", help: "One likely person; accept or choose" },
  { key: "ambiguous", title: "Ambiguous", tone: "warn", help: "Several are as likely; choose" },
  { key: "colliding", title: "Colliding", tone: "bad", help: "Two accounts would meet; must be decided" },
  { key: "unmatched", title: "Unmatched", tone: "warn", help: "Nobody like that in the SIS" },
  { key: "retired", title: "Retired", tone: "plain", help: "Nobody’s; un-invited, never deleted" },
  { key: "missing", title: "Missing", tone: "plain", help: "In the SIS without an account; gets one" },
];

/** @param {State} state */
export const stateOf = (state) => /** @type {typeof STATES[number]} */ (STATES.find(({ key }) => key === state));

/** @type {Record<"number" | "email" | "name", string>} */
export const BY = { number: "number", email: "e-mail address", name: "name" };
