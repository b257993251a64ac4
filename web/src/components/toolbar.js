import { useEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { Button } from "./button.js";
import { Icon } from "./icon.js";

const TYPING_MS = 250;

/** What narrows a list, and *Reset*. @param {{onReset: () => void, children: import("../types.js").Children}} props */
export const Toolbar = ({ onReset, children }) => html`
  <div class="toolbar" role="search">${children}<${Button} label="Reset" kind="quiet" onClick=${onReset} /></div>
`;

/** A search box that tells what was typed once typing rests. @param {{label: string, value: string, onSearch: (text: string) => void}} props */
export function Search({ label, value, onSearch }) {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  const told = useRef(value);
  useEffect(() => {
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (/** @type {string} */ typed) => {
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      told.current = typed.trim();
      onSearch(told.current);
    }, TYPING_MS);
  };
  return html`<label class="search">
    <span class="hidden">${label}</span><${Icon} name="search" />
    <input type="search" placeholder=${label} value=${text} maxlength="200" onInput=${(/** @type {any} */ event) => type(event.target.value)} />
  </label>`;
}

/** A yes or no of a list. @param {{label: string, checked: boolean, onChange: (checked: boolean) => void}} props */
export const Toggle = ({ label, checked, onChange }) => html`
  <label class="toggle"><input type="checkbox" checked=${checked} onChange=${(/** @type {any} */ event) => onChange(event.target.checked)} /><span>${label}</span></label>
`;

/** A choice that narrows a list. @param {{label: string, value: string, options: {value: string, title: string}[], onChange: (value: string) => void}} props */
export const Filter = ({ label, value, options, onChange }) => html`
  <label class="filter"><span>${label}</span>
    <select value=${value} onChange=${(/** @type {any} */ event) => onChange(event.target.value)}>
      <option value="">All</option>
      ${options.map((option) => html`<option key=${option.value} value=${option.value}>${option.title}</option>`)}
    </select>
  </label>
`;

/** A day that narrows a list. @param {{label: string, value: string, onChange: (day: string) => void}} props */
export const DayFilter = ({ label, value, onChange }) => html`
  <label class="filter"><span>${label}</span><input type="date" value=${value} onChange=${(/** @type {any} */ event) => onChange(event.target.value)} /></label>
`;

/** What a whole screen is about, such as one of several integrations. @param {{label: string, value: string, options: {value: string, title: string}[], onChange: (value: string) => void}} props */
export const Choice = ({ label, value, options, onChange }) => html`
  <label class="filter"><span>${label}</span>
    <select value=${value} onChange=${(/** @type {any} */ event) => onChange(event.target.value)}>
      ${options.map((option) => html`<option key=${option.value} value=${option.value}>${option.title}</option>`)}
    </select>
  </label>
`;
