import { useEffect, useState } from "../../../vendor/preact-hooks.js";
import { get } from "../../api.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { LoadError, PageHead } from "../../components/page.js";
import { RunProgress } from "../../components/run-progress.js";
import { Tabs } from "../../components/tabs.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBER, nameOf } from "../../people.js";
import { param, setParams } from "../../router.js";
import { at, reasonAgainst } from "../../session.js";
import { Details } from "./details.js";
import { History } from "./history.js";
import { Lineage } from "./lineage.js";
import { listAddress } from "./links.js";
import { StatusBadge, schoolsToday } from "./list.js";
import { Photo } from "./photo.js";
import { ProtectDialog } from "./protect.js";
import { Standing } from "./standing.js";

const TABS = [
  { key: "details", title: "Details" },
  { key: "lineage", title: "Where values come from" },
  { key: "history", title: "History" },
];

/** One person: what is stored, where it comes from, what became of it. @param {{id: string}} props */
export function Person({ id }) {
  const { data, error, reload } = useLoad((signal) => get(at(`/people/${encodeURIComponent(id)}`), { signal }), [id]);
  const [run, setRun] = useState("");
  useEffect(() => document.getElementById("page-title")?.focus(), [Boolean(data)]);
  const person = /** @type {import("../../types.js").PersonDetail | null} */ (data);
  const tab = TABS.find(({ key }) => key === param("tab"))?.key ?? "details";
  const closed = () => setParams({ protect: null });
  const changed = (/** @type {string | null} */ made) => {
    setRun(made ?? "");
    closed();
    reload();
  };
  return html`
    <a class="person-back" href=${listAddress()}><${Icon} name="back" />All people</a>
    ${error && html`<${LoadError} error=${error} onRetry=${reload} />`}
    ${!person && !error && html`<p class="muted" aria-live="polite">Loading…</p>`}
    ${person && html`
      <div class="person-head">
        <${Photo} person=${person} />
        <${PageHead} title=${nameOf(person)} intro=${summary(person)}>
          <${StatusBadge} status=${person.status} />
          <${Button} label=${person.protection ? "Change protection" : "Protect or correct"} icon="lock" denied=${reasonAgainst("operator")} onClick=${() => setParams({ protect: true }, { push: true })} />
        <//>
      </div>
      ${run && html`<div class="person-note"><${RunProgress} key=${run} id=${run} name="Making the change visible" onEnd=${reload} /></div>`}
      ${person.protection && html`<div class="person-note"><${Standing} protection=${person.protection} onReleased=${() => changed(null)} /></div>`}
      <${Tabs} label="About this person" tabs=${TABS} open=${tab} onOpen=${(/** @type {string} */ key) => setParams({ tab: key === "details" ? null : key, run: null })}>
        ${tab === "details" && html`<${Details} person=${person} />`}
        ${tab === "lineage" && html`<${Lineage} person=${person} />`}
        ${tab === "history" && html`<${History} person=${person} />`}
      <//>
      ${param("protect") && !reasonAgainst("operator") && html`<${ProtectDialog} person=${person} onClose=${closed} onSaved=${changed} />`}
    `}
  `;
}

/** "Student · grade 4 · Lake Elementary". @param {import("../../types.js").Person} person */
const summary = (person) => [MEMBER[person.type], person.grade && `grade ${person.grade}`, ...schoolsToday(person)].filter(Boolean).join(" · ");
