import { html } from "../../html.js";
import { RunList } from "./list.js";
import { RunPage } from "./run.js";

/** Runs: all of them, or the one that the address names. @param {{rest: string[]}} props */
export const Screen = ({ rest }) => (rest[0] ? html`<${RunPage} key=${rest[0]} id=${rest[0]} />` : html`<${RunList} />`);
