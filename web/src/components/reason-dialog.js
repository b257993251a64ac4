import { useId, useRef, useState } from "../../vendor/preact-hooks.js";
import { Problem } from "../api.js";
import { html } from "../html.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Notice } from "./page.js";

const LONGEST = 500;

/**
 * Says what will happen and asks for the reason, which stays on record. Each action sends the comment; what the API answers
 * against it is told here.
 * @param {{title: string, label: string, help?: string, children: import("../types.js").Children, onClose: () => void,
 *   cancel?: string, actions: {label: string, kind: "primary" | "secondary" | "danger", send: (comment: string) => Promise<void>}[]}} props
 */
export function ReasonDialog({ title, label, help, children, onClose, actions, cancel = "Cancel" }) {
  const id = useId();
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const [comment, setComment] = useState("");
  const [fault, setFault] = useState("");
  const [failure, setFailure] = useState("");
  const [sending, setSending] = useState(false);
  const send = async (/** @type {(comment: string) => Promise<void>} */ act) => {
    if (!comment.trim()) {
      setFault("Say why: it stays on record with your name.");
      field.current?.focus();
      return;
    }
    setSending(true);
    setFailure("");
    try {
      await act(comment.trim());
    } catch (error) {
      if (error instanceof Problem && error.errors.length) setFault(error.errors.map(({ message }) => message).join(" "));
      else setFailure(error instanceof Error ? error.message : String(error));
      setSending(false);
    }
  };
  return html`<${Dialog}
    title=${title}
    size="medium"
    busy=${sending}
    onClose=${onClose}
    footer=${html`
      <${Button} label=${cancel} onClick=${onClose} />
      ${actions.map((action) => html`<${Button} key=${action.label} label=${action.label} kind=${action.kind} busy=${sending} onClick=${() => send(action.send)} />`)}
    `}
  >
    <div class="reason">
      ${failure && html`<div role="alert"><${Notice} tone="bad"><p>${failure}</p><//></div>`}
      ${children}
      <div class=${`field ${fault ? "faulty" : ""}`}>
        <label class="label required" for=${id}>${label}</label>
        <textarea
          id=${id}
          ref=${field}
          rows="3"
          maxlength=${LONGEST}
          required
          value=${comment}
          aria-invalid=${fault ? "true" : undefined}
          aria-describedby=${`${fault ? `${id}-fault ` : ""}${id}-help`}
          onInput=${(/** @type {any} */ event) => {
            setComment(event.target.value.replace(/[\r\n]+/g, " "));
            setFault("");
          }}
        ></textarea>
        ${fault && html`<p class="fault" id=${`${id}-fault`} role="alert">${fault}</p>`}
        <p class="help" id=${`${id}-help`}>${help ?? "It stays on record with your name."}</p>
      </div>
    </div>
  <//>`;
}
