import { useState } from "../../../vendor/preact-hooks.js";
import { all } from "../../api.js";
import { Empty, LoadError, Notice, PageHead } from "../../components/page.js";
import { RunProgress } from "../../components/run-progress.js";
import { Pager, Table } from "../../components/table.js";
import { Choice, Filter, Toolbar } from "../../components/toolbar.js";
import { useList, useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, navigate } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { ENTITIES } from "../mappings/entities.js";
import { AnswerBar, keyOf, useAnswers } from "./answers.js";
import { columns } from "./row.js";
import { useValues } from "./values.js";

const CONFIDENCES = [95, 90, 75, 60].map((least) => ({ value: String(least), title: `At least ${least} %` }));

/** Unmapped values: what no mapping translates, to be answered and planned again without asking the SIS. @param {{rest: string[]}} props */
export function Screen({ rest }) {
  const { data: integrations, error, reload } = useLoad((signal) => all(at("/integrations"), { signal }), []);
  const open = integrations?.find((one) => one.id === rest[0]) ?? (rest[0] ? undefined : integrations?.[0]);
  return html`
    <${PageHead} title="Unmapped values" intro="Values of the last sync that no mapping translates. Say what each stands for: the last pull is planned again with your answer, and the SIS is not asked." />
    ${error && html`<${LoadError} error=${error} onRetry=${reload} />`}
    ${integrations && !integrations.length && html`<${Empty} title="No integrations yet" action=${html`<a class="button primary" href=${to("integrations")}>Go to SIS integrations</a>`}>Add an integration and run it. What its mappings do not know is gathered here.<//>`}
    ${integrations && integrations.length > 0 && !open && html`<${Empty} title="No such integration" action=${html`<a class="button" href=${to("unmapped")}>Show the first one</a>`}>It may be inactive, or the link may be old.<//>`}
    ${open && html`<${Queue} key=${open.id} integration=${open} integrations=${integrations ?? []} />`}
  `;
}

/** @param {string} screen @param {string[]} rest */
const to = (screen, ...rest) => addressOf(district.value?.id ?? "", screen, ...rest);

/** @param {{integration: import("../../types.js").Integration, integrations: import("../../types.js").Integration[]}} props */
function Queue({ integration, integrations }) {
  const list = useList(at(`/integrations/${integration.id}/unmapped`), { filters: ["entity", "min_confidence"] });
  const [run, setRun] = useState("");
  const page = /** @type {import("../../types.js").UnmappedPage | null} */ (list.page);
  const rows = page?.items ?? null;
  const values = useValues(rows);
  const started = (/** @type {import("../../types.js").Run} */ asked) => {
    setRun(asked.id);
    list.reload();
  };
  const answers = useAnswers(integration.id, rows, started);
  const denied = reasonAgainst("operator");
  return html`
    <${Toolbar} onReset=${list.reset}>
      <${Choice} label="Integration" value=${integration.id} options=${integrations.map((one) => ({ value: one.id, title: one.name }))} onChange=${(/** @type {string} */ id) => navigate(to("unmapped", id))} />
      <${Filter} label="Entity" value=${list.query["entity"] ?? ""} options=${ENTITIES.filter(({ value }) => value in integration.mappings)} onChange=${(/** @type {string} */ entity) => list.filter({ entity })} />
      <${Filter} label="Suggestion" value=${list.query["min_confidence"] ?? ""} options=${CONFIDENCES} onChange=${(/** @type {string} */ min_confidence) => list.filter({ min_confidence })} />
    <//>
    <div class="stacked">
      ${denied && html`<${Notice}>You can read these values but not answer them. ${denied}<//>`}
      ${run && html`<${RunProgress} key=${run} id=${run} name=${`${integration.name}: your answer`} onEnd=${list.reload} />`}
      ${page?.cut && html`<${Notice} tone="warn">There are more values than are kept. Those that fewest people have come after the next run.<//>`}
      ${list.error
        ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
        : html`<${Table}
            caption=${`Unmapped values of ${integration.name}`}
            columns=${columns(answers, values, denied)}
            rows=${rows}
            loading=${list.loading}
            keyOf=${keyOf}
            empty=${nothing(list, page, integration)}
          />`}
      <${Pager} previous=${list.previous} next=${list.next} count=${rows?.length} />
      <${AnswerBar} answers=${answers} total=${page?.total ?? 0} least=${Number(list.query["min_confidence"])} entity=${list.query["entity"] ?? ""} denied=${denied} />
    </div>
  `;
}

/** @param {any} list @param {import("../../types.js").UnmappedPage | null} page @param {import("../../types.js").Integration} integration */
function nothing(list, page, integration) {
  if (list.query["entity"] || list.query["min_confidence"]) {
    return html`<${Empty} title="Nothing found">No unmapped value fits. Choose all entities and any suggestion to see the rest.<//>`;
  }
  if (page && !page.run_id) {
    return html`<${Empty} title="No sync has completed yet" action=${html`<a class="button primary" href=${to("integrations")}>Go to SIS integrations</a>`}>Run ${integration.name}. The values that its mappings do not know then stand here.<//>`;
  }
  return html`<${Empty} title="Every value is mapped">The last sync of ${integration.name} met no value that its mappings do not know. There is nothing to do.<//>`;
}
