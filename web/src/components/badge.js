import { html } from "../html.js";

/** @typedef {"good" | "bad" | "warn" | "busy" | "plain"} Tone */

/** A state in a word; its colour only repeats what the word says. @param {{tone?: Tone, label: string}} props */
export const Badge = ({ tone = "plain", label }) => html`<span class=${`badge ${tone}`}>${label}</span>`;

/** @type {Record<import("../types.js").Run["state"], [Tone, string]>} */
export const RUN_STATES = {
  queued: ["busy", "Queued"],
  pulling: ["busy", "Pulling"],
  planning: ["busy", "Planning"],
  applying: ["busy", "Applying"],
  held: ["warn", "Held"],
  completed: ["good", "Completed"],
  failed: ["bad", "Failed"],
  rejected: ["plain", "Rejected"],
  cancelled: ["plain", "Cancelled"],
  skipped: ["plain", "Skipped"],
};

/** @param {{state: import("../types.js").Run["state"]}} props */
export function RunBadge({ state }) {
  const [tone, label] = RUN_STATES[state];
  return html`<${Badge} tone=${tone} label=${label} />`;
}
