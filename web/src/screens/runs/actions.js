// What can be done with a run: cancel it, try it again, undo it. What cannot be done now says why.
import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, get, post } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/confirm.js";
import { ReasonDialog } from "../../components/reason-dialog.js";
import { toast, toastError } from "../../components/toast.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, navigate } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { changed, listed, people, total } from "./words.js";

/** @typedef {import("../../types.js").Run} Run */
/** @typedef {{run: Run, name: string, onDone: (run: Run) => void}} Props */

const CANCELLED = new Set(["queued", "pulling", "planning", "held"]);
const RETRIED = new Set(["failed", "cancelled", "skipped", "rejected"]);
const OVER = new Set(["completed", "failed", "rejected", "cancelled", "skipped"]);

/** @param {Props} props */
export function Actions(props) {
  const { run } = props;
  const [asking, setAsking] = useState(/** @type {"" | "cancel" | "undo"} */ (""));
  const denied = reasonAgainst("operator");
  const by = run.undone_by;
  const { data: undo } = useLoad((signal) => (by ? get(at(`/runs/${by}`), { signal }) : Promise.resolve(null)), [by]);
  const undone = run.trigger === "undo" && run.mode === "preview" ? run.undoes : null;
  return html`
    ${CANCELLED.has(run.state) && html`<${Button} label="Cancel run…" kind="danger" denied=${denied || (run.cancel_requested ? "Somebody has asked for it already." : "")} onClick=${() => setAsking("cancel")} />`}
    ${RETRIED.has(run.state) && run.trigger !== "undo" && html`<${Retry} ...${props} denied=${denied} />`}
    ${OVER.has(run.state) && run.mode === "sync" && html`<${Button} label="Undo run…" denied=${denied || againstUndo(run, undo)} onClick=${() => setAsking("undo")} />`}
    ${undone && run.state === "completed" && html`<${Button} label="Undo it now…" kind="primary" denied=${denied} onClick=${() => setAsking("undo")} />`}
    ${asking === "cancel" && html`<${Cancel} ...${props} onClose=${() => setAsking("")} />`}
    ${asking === "undo" && html`<${Undo} id=${undone ?? run.id} name=${props.name} whom=${whom(run)} previewed=${Boolean(undone)} onClose=${() => setAsking("")} />`}
  `;
}

/** A failed undo counts for nothing: it may be asked for again. @param {Run} run @param {Run | null} undo */
function againstUndo(run, undo) {
  if (!changed(run)) return "It changed nobody; there is nothing to undo.";
  if (undo?.state === "completed") return "It has been undone already: see “Undone by” in its summary.";
  return undo && !OVER.has(undo.state) ? "It is being undone: see “Undone by” in its summary." : "";
}

/** Whom a run has changed, in words. @param {Run} run */
const whom = (run) => listed(Object.entries(run.counts).flatMap(([type, c]) => (c.add + c.update + c.inactivate + c.reactivate ? [people(type, c.add + c.update + c.inactivate + c.reactivate)] : [])));

/** Starts a run; in a blackout an administrator is asked whether to start it all the same. @param {(override: boolean) => Promise<Run>} send */
async function unlessClosed(send) {
  try {
    return await send(false);
  } catch (error) {
    if (!(error instanceof Problem && error.code === "blackout") || reasonAgainst("admin")) throw error;
    const yes = await confirm({
      title: "Start it in a blackout?",
      body: `${error.message} As an administrator you may override it: the run goes on as at any time, and is marked as yours.`,
      action: "Start anyway",
      danger: true,
    });
    if (!yes) throw error;
    return send(true);
  }
}

/** @param {Props & {denied: string}} props */
function Retry({ run, name, denied }) {
  const [sending, setSending] = useState(false);
  const retry = async () => {
    const yes = await confirm({
      title: `Try ${name} again?`,
      body: `A new ${run.mode === "preview" ? "preview, which changes nothing," : "run"} starts now and does the same from the beginning. This one stays as it is.`,
      action: "Try again",
    });
    if (!yes) return;
    setSending(true);
    try {
      const again = await unlessClosed((override) => post(at(`/runs/${run.id}/retry`), { override }));
      toast(`${name}: the run has begun.`);
      navigate(addressOf(district.value?.id ?? "", "runs", again.id));
    } catch (error) {
      toastError(error);
      setSending(false);
    }
  };
  return html`<${Button} label="Try again…" icon="refresh" kind="primary" busy=${sending} denied=${denied} onClick=${retry} />`;
}

/** @param {Props & {onClose: () => void}} props */
function Cancel({ run, name, onClose, onDone }) {
  const cancel = async (/** @type {string} */ comment) => {
    const after = await post(at(`/runs/${run.id}/cancel`), { comment });
    onClose();
    toast(`${name}: ${after.state === "cancelled" ? "the run is cancelled." : "the run stops when its runner next looks."}`);
    onDone(after);
  };
  return html`<${ReasonDialog} title="Cancel this run?" label="Why is it not wanted?" cancel="Keep the run" onClose=${onClose} actions=${[{ label: "Cancel the run", kind: "danger", send: cancel }]}>
    <p>${run.state === "held"
      ? `What waits (${total(run, "held").toLocaleString("en-US")} changes) is not written. What this run has written already stays; undo it if you do not want that either.`
      : "It stops when its runner next looks. It has changed nobody yet, and nobody is changed by it."}</p>
  <//>`;
}

/** @param {{id: string, name: string, whom: string, previewed: boolean, onClose: () => void}} props */
function Undo({ id, name, whom: affected, previewed, onClose }) {
  const undo = (/** @type {Run["mode"]} */ mode) => async (/** @type {string} */ comment) => {
    const started = await unlessClosed((override) => post(at(`/runs/${id}/undo`), { comment, mode, override }));
    onClose();
    toast(`${name}: ${mode === "preview" ? "the preview of the undo" : "the undo"} has begun.`);
    navigate(addressOf(district.value?.id ?? "", "runs", started.id));
  };
  return html`<${ReasonDialog}
    title="Undo this run?"
    label="Why is it undone?"
    help="It stays on record with your name, and with the run."
    onClose=${onClose}
    actions=${[
      ...(previewed ? [] : [{ label: "Preview the undo", kind: /** @type {"primary"} */ ("primary"), send: undo("preview") }]),
      { label: "Undo now", kind: "danger", send: undo("sync") },
    ]}
  >
    <p>${affected ? html`<strong>${affected}</strong> are put back as they were before the run.` : "Everybody whom the run changed is put back."} The SIS is not asked. What the run did is made again only after somebody has approved it.</p>
    <p>Not restored:</p>
    <ul class="bullets">
      <li>Whoever has changed since then stays as they are; the undo names them under Issues.</li>
      <li>Whoever the run added is ended, not deleted.</li>
      <li>A Host ID that the run gave stays given.</li>
      <li>Whoever was let into the media application is uninvited; the account and its pictures stay.</li>
      <li>Photos stay, unless this was a run of pictures; then only they are put back.</li>
    </ul>
    ${!previewed && html`<p>Preview it first: a preview shows who would be put back and changes nothing.</p>`}
  <//>`;
}
