import { useEffect, useId, useRef } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { Button } from "./button.js";

/**
 * A native modal dialog, open for as long as it is shown; focus goes back to where it was. `onClose` is asked by Escape and the
 * cross: whoever shows the dialog decides.
 * @param {{title: string, onClose: () => void, children: import("../types.js").Children, footer?: import("../types.js").Children,
 *   size?: "small" | "medium" | "large", busy?: boolean}} props
 */
export function Dialog({ title, onClose, children, footer, size = "medium", busy = false }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    const shown = dialog.current;
    const first = shown?.querySelector("[autofocus]") ?? shown?.querySelector(".dialog-body :is(input, select, textarea):enabled");
    if (first instanceof HTMLElement) first.focus();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return html`<dialog
    ref=${dialog}
    class=${`dialog ${size}`}
    aria-labelledby=${id}
    aria-busy=${busy ? "true" : undefined}
    onCancel=${(/** @type {Event} */ event) => {
      if (event.target !== dialog.current) return;
      event.preventDefault();
      onClose();
    }}
  >
    <header class="dialog-head">
      <h2 id=${id}>${title}</h2>
      <${Button} label="Close" icon="close" iconOnly kind="quiet" onClick=${onClose} />
    </header>
    <div class="dialog-body" tabindex="-1">${children}</div>
    ${footer && html`<footer class="dialog-foot">${footer}</footer>`}
  </dialog>`;
}
