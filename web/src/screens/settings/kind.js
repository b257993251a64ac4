import { Icon } from "../../components/icon.js";
import { html } from "../../html.js";
import { KINDS } from "./ranges.js";

/** What a kind of blackout looks like everywhere: its sign, its word, its colour. @param {{kind: import("../../types.js").Blackout["kind"], text?: string}} props */
export const Kind = ({ kind, text = KINDS[kind].title }) => html`<span class=${`kind ${kind}`}><${Icon} name=${KINDS[kind].icon} /><span>${text}</span></span>`;
