import { signal } from "../../vendor/preact-signals.js";
import { html } from "../html.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";

/**
 * @typedef {object} Question
 * @property {string} title asks
 * @property {import("../types.js").Children} body says what will happen
 * @property {string} action the verb that does it
 * @property {string} [cancel]
 * @property {boolean} [danger]
 */

/** @type {import("../../vendor/preact-signals.js").Signal<{question: Question, answer: (yes: boolean) => void} | null>} */
const open = signal(null);

/** Ask before something is done; true when the user says so. @param {Question} question @returns {Promise<boolean>} */
export function confirm(question) {
  return new Promise((resolve) => {
    open.value = {
      question,
      answer: (yes) => {
        open.value = null;
        resolve(yes);
      },
    };
  });
}

/** Leave unsaved work? */
export const confirmLeaving = () =>
  confirm({
    title: "Leave without saving?",
    body: "What you have changed here is lost.",
    action: "Leave",
    cancel: "Keep editing",
    danger: true,
  });

/** Where questions are shown: once, beside the app. */
export function Confirmer() {
  if (!open.value) return null;
  const { question, answer } = open.value;
  return html`<${Dialog}
    title=${question.title}
    size="small"
    onClose=${() => answer(false)}
    footer=${html`
      <${Button} label=${question.cancel ?? "Cancel"} onClick=${() => answer(false)} autoFocus />
      <${Button} label=${question.action} kind=${question.danger ? "danger" : "primary"} onClick=${() => answer(true)} />
    `}
  ><p>${question.body}</p><//>`;
}
