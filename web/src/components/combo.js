import { useId, useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { Field, describedBy, useIds } from "./field.js";

const SHOWN = 100;

/** Words that are looked for in any order; "_" and "/" stand for spaces. @param {string} text */
const wordsOf = (text) => text.toLowerCase().split(/[\s_/]+/).filter(Boolean);

/**
 * A text that is one of many options, found by typing parts of it; moved through by the arrow keys, chosen by Enter or a click.
 * What is typed counts, too: whoever shows it checks it.
 * @param {import("./field.js").Common & {value: string, options: string[], onInput: (text: string) => void}} props
 */
export function ComboField(props) {
  const { name, label, value, options, onInput, disabled, required, error } = props;
  const id = useIds()(name);
  const list = useId();
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
  const [active, setActive] = useState(-1);
  const open = typed !== null;
  const found = open ? options.filter((option) => wordsOf(typed).every((word) => wordsOf(option).join(" ").includes(word))).slice(0, SHOWN) : [];
  const show = (/** @type {string} */ text) => {
    setTyped(text);
    setActive(-1);
  };
  const close = () => setTyped(null);
  const choose = (/** @type {string} */ option) => {
    onInput(option);
    close();
  };
  const move = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const option = found[active];
    if (step && !open) show("");
    else if (step && found.length) {
      const next = (active + step + found.length) % found.length;
      setActive(active < 0 && step < 0 ? found.length - 1 : next);
      document.getElementById(`${list}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && open) option ? choose(option) : close();
    else if (event.key === "Escape" && open) close();
    else return;
    event.preventDefault();
  };
  return html`<${Field} ...${props}>
    <div class="combo">
      <input
        id=${id}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck=${false}
        aria-autocomplete="list"
        aria-expanded=${open && found.length ? "true" : "false"}
        aria-controls=${list}
        aria-activedescendant=${found[active] ? `${list}-${active}` : undefined}
        aria-invalid=${error ? "true" : undefined}
        aria-describedby=${describedBy(id, props)}
        required=${required}
        disabled=${disabled}
        value=${value}
        onKeyDown=${move}
        onClick=${() => show("")}
        onBlur=${close}
        onInput=${(/** @type {any} */ event) => {
          onInput(event.target.value);
          show(event.target.value);
        }}
      />
      <ul id=${list} role="listbox" aria-label=${label} hidden=${!open || !found.length}>
        ${found.map(
          (option, at) => html`<li
            key=${option}
            id=${`${list}-${at}`}
            role="option"
            aria-selected=${at === active ? "true" : "false"}
            onMouseDown=${(/** @type {Event} */ event) => {
              event.preventDefault();
              choose(option);
            }}
          >${option}</li>`,
        )}
      </ul>
      <span class="hidden" role="status">${open ? `${found.length} found` : ""}</span>
    </div>
  <//>`;
}
