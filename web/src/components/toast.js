import { signal } from "../../vendor/preact-signals.js";
import { html } from "../html.js";
import { Button } from "./button.js";

const SHOWN_MS = 6000;
let count = 0;

/** @type {import("../../vendor/preact-signals.js").Signal<{id: number, text: string, bad: boolean}[]>} */
const toasts = signal([]);

/** Say what has happened. Bad news stays until it is dismissed. @param {string} text @param {{bad?: boolean}} [how] */
export function toast(text, { bad = false } = {}) {
  const id = (count += 1);
  toasts.value = [...toasts.value, { id, text, bad }];
  if (!bad) setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Tell an error that no field can show. @param {unknown} error */
export const toastError = (error) => toast(error instanceof Error ? error.message : String(error), { bad: true });

/** @param {number} id */
const dismiss = (id) => {
  toasts.value = toasts.value.filter((other) => other.id !== id);
};

/** Where messages are shown and read out: once, beside the app. */
export const Toasts = () => html`
  <div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(
      ({ id, text, bad }) => html`<div key=${id} class=${`toast ${bad ? "bad" : ""}`}>
        <span>${text}</span><${Button} label="Dismiss" icon="close" iconOnly kind="quiet" onClick=${() => dismiss(id)} />
      </div>`,
    )}
  </div>
`;
