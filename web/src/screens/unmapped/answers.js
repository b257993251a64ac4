// Answers while they are entered, and how they are sent.
import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, get, post } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/confirm.js";
import { toast, toastError } from "../../components/toast.js";
import { useUnsaved } from "../../hooks.js";
import { html } from "../../html.js";
import { at } from "../../session.js";

/**
 * @typedef {import("../../types.js").UnmappedValue} Value
 * @typedef {{entity: string, external: string, value: string}} Entry
 *
 * @typedef {object} AnswersState
 * @property {Map<string, Entry>} drafts by `keyOf`, also those of other pages
 * @property {Map<string, string>} faults by `keyOf`
 * @property {boolean} sending
 * @property {(row: Value, value: string) => void} set
 * @property {(keys?: string[]) => Promise<void>} send all drafts, or some
 * @property {(least: number, entity: string) => Promise<void>} accept suggestions
 * @property {() => void} clear
 */

/** @param {{entity: string, value: string}} row */
export const keyOf = (row) => `${row.entity} ${row.value}`;

/**
 * @param {string} integration
 * @param {Value[] | null} rows
 * @param {(run: import("../../types.js").Run) => void} onStarted
 * @returns {AnswersState}
 */
export function useAnswers(integration, rows, onStarted) {
  const [drafts, setDrafts] = useState(/** @type {Map<string, Entry>} */ (new Map()));
  const [faults, setFaults] = useState(/** @type {Map<string, string>} */ (new Map()));
  const [sending, setSending] = useState(false);
  useUnsaved(drafts.size > 0);
  const path = at(`/integrations/${integration}/unmapped`);

  const set = (/** @type {Value} */ row, /** @type {string} */ value) => {
    const key = keyOf(row);
    setFaults(without(faults, [key]));
    setDrafts(value.trim() ? new Map(drafts).set(key, { entity: row.entity, external: row.value, value }) : without(drafts, [key]));
  };
  const ask = async (/** @type {Record<string, unknown>} */ body, /** @type {string[]} */ keys) => {
    setSending(true);
    setFaults(new Map());
    try {
      const run = await post(path, body);
      setDrafts(without(drafts, keys));
      toast(`${keys.length === 1 ? "Your answer is" : "Your answers are"} saved. The last pull is being planned again.`);
      onStarted(run);
    } catch (error) {
      const told = error instanceof Problem ? faultsOf(error, keys) : new Map();
      setFaults(told);
      if (!told.size) toastError(error);
    } finally {
      setSending(false);
    }
  };
  const send = async (/** @type {string[]} */ keys = [...drafts.keys()]) => {
    const entries = keys.map((key) => drafts.get(key)).filter((entry) => entry !== undefined);
    if (entries.length && !sending) await ask({ entries: entries.map((entry) => ({ ...entry, value: entry.value.trim() })) }, keys);
  };
  const accept = async (/** @type {number} */ least, /** @type {string} */ entity) => {
    /** @type {import("../../types.js").UnmappedPage} */
    const found = await get(path, { query: { entity, min_confidence: least, limit: 1 } });
    const own = [...drafts].filter(([, entry]) => !entity || entry.entity === entity);
    if (await confirmed(found.total, least, own.length)) {
      await ask({ entries: own.map(([, entry]) => entry), accept_from: least, ...(entity && { entity }) }, own.map(([key]) => key));
    }
  };
  const shown = rows ?? [];
  return { drafts, faults: shown.length ? faults : new Map(), sending, set, send, accept, clear: () => setDrafts(new Map()) };
}

/**
 * What is entered, counted, and sent in one go; stays in view while there is something to send.
 * @param {{answers: AnswersState, total: number, least: number, entity: string, denied: string}} props
 */
export function AnswerBar({ answers, total, least, entity, denied }) {
  const count = answers.drafts.size;
  if (!count && !(least && total)) return null;
  return html`<div class="bar" role="group" aria-label="Answers">
    <span aria-live="polite">${count ? `${count === 1 ? "One answer" : `${count} answers`} entered` : `${counted(total)} with a suggestion of at least ${least} %`}</span>
    <span class="bar-actions">
      ${count > 0 && html`<${Button} label="Clear" kind="quiet" onClick=${answers.clear} />`}
      ${least > 0 && total > 0 && html`<${Button} label=${total === 1 ? "Use the suggestion" : `Use suggestions for all ${total.toLocaleString("en-US")}`} kind=${count ? "secondary" : "primary"} denied=${denied} busy=${answers.sending} onClick=${() => answers.accept(least, entity)} />`}
      ${count > 0 && html`<${Button} label=${count === 1 ? "Apply the answer" : `Apply ${count} answers`} kind="primary" denied=${denied} busy=${answers.sending} onClick=${() => answers.send()} />`}
    </span>
  </div>`;
}

/** @param {number} total @param {number} least @param {number} own */
const confirmed = (total, least, own) =>
  confirm({
    title: "Use the suggestions?",
    body: `${counted(total)} with a suggestion of at least ${least} % ${total === 1 ? "becomes a row" : "become rows"} of the mappings${own ? `, and what you have entered counts before a suggestion` : ""}. The last pull is then planned again; the SIS is not asked. Rows can be changed in the mappings later.`,
    action: total === 1 ? "Use it" : `Use ${total.toLocaleString("en-US")} suggestions`,
  });

/** @param {number} total */
const counted = (total) => (total === 1 ? "One value" : `${total.toLocaleString("en-US")} values`);

/** The faults of the entries that were sent, by whose they are. @param {Problem} problem @param {string[]} keys @returns {Map<string, string>} */
function faultsOf(problem, keys) {
  const told = new Map();
  for (const { field, message } of problem.errors) {
    const key = keys[Number(field.split(".")[1])];
    if (key) told.set(key, message);
  }
  return told;
}

/**
 * @template T
 * @param {Map<string, T>} map
 * @param {string[]} keys
 */
function without(map, keys) {
  const rest = new Map(map);
  for (const key of keys) rest.delete(key);
  return rest;
}
