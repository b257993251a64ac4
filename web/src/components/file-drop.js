import { useId, useRef, useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { Button } from "./button.js";

/**
 * A table as text: a file that is dropped here or chosen by the button, or text that is pasted.
 * @param {{label: string, help: string, value: string, onInput: (text: string) => void, placeholder?: string}} props
 */
export function FileDrop({ label, help, value, onInput, placeholder }) {
  const id = useId();
  const picker = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [over, setOver] = useState(false);
  const [file, setFile] = useState("");
  const read = async (/** @type {File | undefined} */ chosen) => {
    if (!chosen) return;
    onInput(await chosen.text());
    setFile(chosen.name);
  };
  const type = (/** @type {string} */ text) => {
    setFile("");
    onInput(text);
  };
  const lines = value.split(/\r?\n/).filter((line) => line.trim()).length;
  return html`<div class="field">
    <label class="label" for=${id}>${label}</label>
    <div
      class=${`drop ${over ? "over" : ""}`}
      onDragOver=${(/** @type {DragEvent} */ event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave=${() => setOver(false)}
      onDrop=${(/** @type {DragEvent} */ event) => {
        event.preventDefault();
        setOver(false);
        read(event.dataTransfer?.files[0]);
      }}
    >
      <input type="file" accept=".csv,.txt,text/csv" hidden ref=${picker} aria-label=${`${label}: file`} onChange=${(/** @type {any} */ event) => {
        read(event.target.files[0]);
        event.target.value = "";
      }} />
      <div class="drop-head">
        <${Button} label=${`${label}: choose a CSV file`} short="Choose a CSV file" icon="up" onClick=${() => picker.current?.click()} />
        <span class="muted" aria-live="polite">${value.trim() ? `${file ? `${file}: ` : ""}${lines.toLocaleString("en-US")} ${lines === 1 ? "line" : "lines"}` : "or drop it here, or paste the rows below."}</span>
      </div>
      <textarea
        id=${id}
        rows="5"
        class="mono"
        spellcheck="false"
        value=${value}
        placeholder=${placeholder}
        aria-describedby=${`${id}-help`}
        onInput=${(/** @type {any} */ event) => type(event.target.value)}
      ></textarea>
    </div>
    <p class="help" id=${`${id}-help`}>${help}</p>
  </div>`;
}
