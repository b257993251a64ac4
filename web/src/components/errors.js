import { useEffect, useRef } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { useIds } from "./field.js";

/**
 * What keeps a form from being saved, at its top, with a link to each field; it takes the focus when it appears.
 * @param {{faults: import("../types.js").FieldFault[], labelOf: (field: string) => string, message?: string}} props
 */
export function ErrorSummary({ faults, labelOf, message }) {
  const idOf = useIds();
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    if (faults.length || message) box.current?.focus();
  }, [faults, message]);
  if (!faults.length && !message) return null;
  const go = (/** @type {Event} */ event, /** @type {string} */ field) => {
    event.preventDefault();
    const target = document.getElementById(idOf(field));
    target?.focus();
    target?.scrollIntoView({ block: "center" });
  };
  return html`<div class="notice bad" role="alert" tabindex="-1" ref=${box}>
    <p><strong>${message ?? (faults.length === 1 ? "One field needs your attention." : `${faults.length} fields need your attention.`)}</strong></p>
    ${faults.length > 0 &&
    html`<ul>${faults.map((fault) => html`<li key=${fault.field}><a href=${`#${idOf(fault.field)}`} onClick=${(/** @type {Event} */ event) => go(event, fault.field)}>${labelOf(fault.field)}</a>: ${fault.message}</li>`)}</ul>`}
  </div>`;
}

/** The fault of a field, or of anything within it. @param {import("../types.js").FieldFault[]} faults @param {string} field */
export const faultOf = (faults, field) => faults.find((fault) => fault.field === field || fault.field.startsWith(`${field}.`))?.message;
