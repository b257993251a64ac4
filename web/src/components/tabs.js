import { useId } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";

/**
 * Tabs, moved through by the arrow keys; the one that is open is the caller's to keep, as in the address bar.
 * @param {{label: string, tabs: {key: string, title: string, count?: number}[], open: string, onOpen: (key: string) => void,
 *   children: import("../types.js").Children}} props
 */
export function Tabs({ label, tabs, open, onOpen, children }) {
  const id = useId();
  const move = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = (tabs.findIndex(({ key }) => key === open) + step + tabs.length) % tabs.length;
    const next = tabs[at];
    if (!next) return;
    event.preventDefault();
    onOpen(next.key);
    document.getElementById(`${id}-${next.key}`)?.focus();
  };
  return html`<div class="tabs">
    <div role="tablist" aria-label=${label} onKeyDown=${move}>
      ${tabs.map(
        ({ key, title, count }) => html`<button
          key=${key}
          id=${`${id}-${key}`}
          type="button"
          role="tab"
          aria-selected=${key === open ? "true" : "false"}
          aria-controls=${key === open ? `${id}-panel` : undefined}
          tabindex=${key === open ? 0 : -1}
          onClick=${() => onOpen(key)}
        >${title}${count !== undefined && html` <span class="count">${count.toLocaleString("en-US")}</span>`}</button>`,
      )}
    </div>
    <div id=${`${id}-panel`} role="tabpanel" aria-labelledby=${`${id}-${open}`}>${children}</div>
  </div>`;
}
