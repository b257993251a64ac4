import { html } from "../html.js";
import { Icon } from "./icon.js";

/**
 * A button. `denied` is why it cannot be used now: it then stays in the tab order and says so. With `iconOnly` its label is
 * read out and shown as a tooltip; `short` is what shows where the label alone would repeat what stands beside it.
 * @param {{
 *   label: string, short?: string, onClick?: (event: MouseEvent) => void, kind?: "primary" | "secondary" | "danger" | "quiet",
 *   icon?: import("./icon.js").IconName, iconOnly?: boolean, busy?: boolean, denied?: string, type?: "button" | "submit",
 *   form?: string, autoFocus?: boolean
 * }} props
 */
export function Button({ label, short, onClick, kind = "secondary", icon, iconOnly = false, busy = false, denied = "", type = "button", form, autoFocus = false }) {
  const off = busy || Boolean(denied);
  return html`<button
    type=${type}
    form=${form}
    class=${`button ${kind} ${iconOnly ? "icon-only" : ""}`}
    aria-disabled=${off ? "true" : undefined}
    aria-busy=${busy ? "true" : undefined}
    aria-label=${iconOnly || short ? label : undefined}
    aria-description=${denied || undefined}
    title=${denied || (iconOnly ? label : undefined)}
    autofocus=${autoFocus}
    onClick=${(/** @type {MouseEvent} */ event) => {
      if (off) event.preventDefault();
      else onClick?.(event);
    }}
  >
    ${icon && html`<${Icon} name=${icon} />`}${!iconOnly && html`<span>${short ?? label}</span>`}
  </button>`;
}
