import { useEffect, useState } from "../../../vendor/preact-hooks.js";
import { get } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError } from "../../components/page.js";
import { html } from "../../html.js";
import { at } from "../../session.js";
import { dateTime } from "../../time.js";
import { fieldTitle, inWords } from "./words.js";

/** @typedef {import("../../types.js").PersonChange} PersonChange */

/** @type {Record<PersonChange["kind"], string>} */
const KINDS = { add: "Added", update: "Updated", inactivate: "Ended", reactivate: "Active again" };

/** @type {Record<PersonChange["outcome"], [import("../../components/badge.js").Tone, string]>} */
const OUTCOMES = { applied: ["good", "Written"], waiting: ["warn", "Waits for approval"], refused: ["plain", "Refused"] };

/** @type {Record<PersonChange["trigger"], string>} */
const TRIGGERS = {
  manual: "started by hand", schedule: "by schedule", retry: "another try", reapply: "with changed mappings or settings", undo: "an undo", protect: "after a protection or correction",
};

/** What the runs whose files are kept did to a person, newest first. @param {{person: import("../../types.js").PersonDetail}} props */
export function History({ person }) {
  const [{ changes, next }, setFound] = useState(/** @type {{changes: PersonChange[], next: string | null}} */ ({ changes: [], next: "" }));
  const [loading, setLoading] = useState(false);
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const older = async (/** @type {AbortSignal} */ signal) => {
    setLoading(true);
    setError(null);
    try {
      /** @type {import("../../types.js").Page<PersonChange>} */
      const page = await get(at(`/people/${person.id}/history`), { query: { cursor: next }, signal });
      setFound({ changes: [...changes, ...page.items], next: page.next });
    } catch (failure) {
      if (!signal.aborted) setError(/** @type {Error} */ (failure));
    }
    if (!signal.aborted) setLoading(false);
  };
  useEffect(() => {
    const abort = new AbortController();
    older(abort.signal);
    return () => abort.abort();
  }, [person.id]);
  return html`
    <ol class="person-history" aria-busy=${loading ? "true" : "false"}>
      ${changes.map((change) => html`<${Change} key=${change.run_id} change=${change} />`)}
    </ol>
    ${error && html`<${LoadError} error=${error} onRetry=${() => older(new AbortController().signal)} />`}
    ${loading && !changes.length && html`<p class="muted" aria-live="polite">Loading…</p>`}
    ${!loading && !error && next === null && !changes.length && html`<${Empty} title="No changes are kept">The runs whose files are kept did nothing to this person. Files of runs are kept for a limited time.<//>`}
    ${next && html`<div class="person-more"><${Button} label="Look at older runs" icon="down" busy=${loading} onClick=${() => older(new AbortController().signal)} /></div>`}
  `;
}

/** What says who somebody is within Rollcall, and nothing about them. */
const INNER = new Set(["id", "integration_id", "family_id"]);

/** @param {{change: PersonChange}} props */
function Change({ change }) {
  const [tone, label] = OUTCOMES[change.outcome];
  return html`<li class="person-section">
    <header class="person-change">
      <h2>${KINDS[change.kind]}${change.dropped && " because the SIS does not list them any more"}</h2>
      <${Badge} tone=${tone} label=${label} />
      <span class="muted"><time datetime=${change.at}>${dateTime(change.at)}</time>, ${TRIGGERS[change.trigger]}</span>
    </header>
    <dl class="person-facts">
      ${change.fields.filter(({ field }) => change.kind !== "add" || !INNER.has(field)).map((one) => html`<div key=${one.field}><dt>${fieldTitle(one.field)}</dt><dd>
        ${change.kind !== "add" && html`<del>${inWords(one.before)}</del> <span class="hidden">became</span><span aria-hidden="true">→</span> `}<span>${inWords(one.after)}</span>
      </dd></div>`)}
    </dl>
  </li>`;
}
