// What forms share: what was entered, what is at fault, saving it, and the guard over unsaved work.
import { useEffect, useRef, useState } from "../vendor/preact-hooks.js";
import { Problem } from "./api.js";
import { confirmLeaving } from "./components/confirm.js";
import { keepHere } from "./router.js";

/**
 * A form over something that is stored. `check` finds faults before anything is sent, `ask` may still call it off, `send`
 * saves; faults that the API finds land on their fields.
 * @template {Record<string, any>} T
 * @param {{stored: T, what: string, denied?: string, check?: (form: T) => import("./types.js").FieldFault[],
 *   ask?: (form: T) => Promise<boolean>, send: (form: T) => Promise<any>, onSaved: (saved: any) => void}} given
 */
export function useForm({ stored, what, denied = "", check = () => [], ask, send, onSaved }) {
  const [kept, setKept] = useState(stored);
  const [form, setForm] = useState(stored);
  const [faults, setFaults] = useState(/** @type {import("./types.js").FieldFault[]} */ ([]));
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const changed = form !== kept;
  const release = useGuard(changed);

  const change = (/** @type {Partial<T>} */ changes) => {
    setForm((before) => ({ ...before, ...changes }));
    setFaults((before) => before.filter((fault) => !fault.field.split(".").some((part) => part in changes)));
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (saving || denied) return;
    setFailure("");
    const found = check(form);
    setFaults(found);
    if (found.length || (ask && !(await ask(form)))) return;
    setSaving(true);
    try {
      const saved = await send(form);
      setKept(form);
      release();
      onSaved(saved);
    } catch (error) {
      if (error instanceof Problem && error.errors.length) setFaults(error.errors);
      else if (error instanceof Problem && error.code === "stale_version") setFailure(`Somebody else has changed ${what}. Reload the page to see their changes.`);
      else setFailure(error instanceof Error ? error.message : String(error));
    }
    setSaving(false);
  };
  return { form, change, faults, failure, saving, changed, submit };
}

/** Keeps the user from losing what they have changed; the function given back lifts it. @param {boolean} changed */
function useGuard(changed) {
  const release = useRef(() => {});
  useEffect(() => {
    if (!changed) return undefined;
    release.current = keepHere(confirmLeaving);
    return release.current;
  }, [changed]);
  return () => release.current();
}

/**
 * A whole number as it was typed; null when it is none, or not within bounds.
 * @param {string} text @param {number} least @param {number} most
 */
export function wholeNumber(text, least, most) {
  const number = Number(text);
  return /^\d+$/.test(text.trim()) && number >= least && number <= most ? number : null;
}
