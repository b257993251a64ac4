// The files of a run: what was received, page by page, and what was made of it.
import { useEffect, useRef, useState } from "../../../vendor/preact-hooks.js";
import { get, pause, post } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { toastError } from "../../components/toast.js";
import { useList } from "../../hooks.js";
import { html } from "../../html.js";
import { at, reasonAgainst } from "../../session.js";
import { date } from "../../time.js";
import { fieldTitle } from "./words.js";

/** @typedef {import("../../types.js").RunFiles} RunFiles */

const LOOK_EVERY_MS = 1000;

/** @param {{run: import("../../types.js").Run}} props */
export function Files({ run }) {
  const list = useList(at(`/runs/${run.id}/files`));
  const files = /** @type {RunFiles | null} */ (/** @type {unknown} */ (list.page));
  return html`
    <div class="files-head">
      <p class="muted">${files ? `Kept until ${date(files.kept_until)}.` : "Loading…"}</p>
      <${Archive} run=${run} kind="run_received" label="Archive of what was received" />
      <${Archive} run=${run} kind="run_processed" label="Archive of what was made of it" />
    </div>
    ${files && files.processed.length > 0 && html`<dl class="run-facts">${files.processed.map((part) => html`<div key=${part.name}><dt>${fieldTitle(part.name)}</dt><dd>${part.files.toLocaleString("en-US")} ${part.files === 1 ? "file" : "files"}, ${size(part.stored_bytes)} as stored</dd></div>`)}
      ${files.carried.map((part) => html`<div key=${part.stream}><dt>${fieldTitle(part.stream)}</dt><dd>${part.records.toLocaleString("en-US")} records carried over from an earlier run</dd></div>`)}</dl>`}
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table} caption="Pages as received" columns=${COLUMNS} rows=${list.rows} loading=${list.loading} keyOf=${(/** @type {any} */ page) => page.name} empty=${html`<${Empty} title="Nothing was received">This run did not ask the SIS for anything.<//>`} />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  `;
}

/** @type {import("../../components/table.js").Column[]} */
const COLUMNS = [
  { key: "name", title: "Page", render: (page) => html`<code class="wrap">${page.name}</code>` },
  { key: "stream", title: "Records of", render: (page) => fieldTitle(page.stream) },
  { key: "records", title: "Records", align: "end", render: (page) => (page.superseded ? html`<${Badge} label="Read once more" />` : page.records === null ? html`<span class="muted">Not readable</span>` : page.records.toLocaleString("en-US")) },
  { key: "bytes", title: "Size", align: "end", render: (page) => size(page.bytes) },
];

/** "12.5 KB". @param {number} bytes */
const size = (bytes) => (bytes < 1000 ? `${bytes} bytes` : bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`);

/** Has an archive made, and gives it once it is there. @param {{run: import("../../types.js").Run, kind: "run_received" | "run_processed", label: string}} props */
function Archive({ run, kind, label }) {
  const [making, setMaking] = useState(false);
  const [link, setLink] = useState("");
  const abort = useRef(new AbortController());
  useEffect(() => () => abort.current.abort(), []);
  const make = async () => {
    setMaking(true);
    try {
      let made = await post(at("/exports"), { kind, run_id: run.id });
      while (made.state === "queued" || made.state === "running") {
        await pause(LOOK_EVERY_MS, abort.current.signal);
        made = await get(at(`/exports/${made.id}`), { signal: abort.current.signal });
      }
      if (made.error) throw new Error(made.error.message);
      setLink(made.download);
    } catch (error) {
      if (!abort.current.signal.aborted) toastError(error);
    }
    setMaking(false);
  };
  if (link) return html`<a class="button secondary" href=${link} target="_blank" rel="noopener">${label}: download</a>`;
  return html`<${Button} label=${making ? "Being made…" : label} icon="down" busy=${making} denied=${reasonAgainst("operator")} onClick=${make} />`;
}
