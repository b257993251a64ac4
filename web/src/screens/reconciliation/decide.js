// Who a user is: one of the candidates, somebody else of the SIS, or nobody.
import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, get, patch } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { Notice } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { Search } from "../../components/toolbar.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBER, nameOf } from "../../people.js";
import { BY, stateOf } from "./states.js";

const RETIRE = "retire";
const OPEN = "open";
const FOUND = 8;

/**
 * @typedef {{person_id: string, host_id: string, first_name: string | null, last_name: string | null, email: string | null,
 *   type?: import("../../people.js").MemberType}} Somebody
 *
 * @param {{path: string, row: import("../../types.js").ReconciliationRow, version: number, onClose: () => void, onDecided: () => void}} props
 */
export function DecideDialog({ path, row, version, onClose, onDecided }) {
  const [choice, setChoice] = useState(row.state === "retired" ? RETIRE : (row.person_id ?? ""));
  const [search, setSearch] = useState("");
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const { data, loading } = useLoad(
    (signal) => (search ? get(path, { query: { state: "missing", search, limit: FOUND }, signal }) : Promise.resolve(null)),
    [search],
  );
  /** @type {Somebody[]} */
  const found = (data?.items ?? []).map((/** @type {any} */ one) => one.person).filter((/** @type {Somebody} */ one) => !row.candidates.some((known) => known.person_id === one.person_id));
  const now = row.person && !row.candidates.some((one) => one.person_id === row.person_id) ? row.person : null;
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (saving) return;
    if (!choice) return setFailure("Choose who this user is, or that they are nobody.");
    setSaving(true);
    setFailure("");
    const answer = choice === RETIRE ? { retire: true } : choice === OPEN ? {} : { person_id: choice };
    try {
      await patch(path, { decisions: [{ type: row.type, host_id: row.host_id, ...answer }] }, { version });
      toast(`${nameOf(row, row.host_id ?? "")}: ${choice === RETIRE ? "retired." : choice === OPEN ? "the decision is taken back." : "decided."}`);
      onDecided();
    } catch (error) {
      setSaving(false);
      const stale = error instanceof Problem && error.code === "stale_version";
      setFailure(stale ? "Somebody else has decided something meanwhile. Close this and open it again." : error instanceof Problem && error.errors[0] ? error.errors[0].message : String(error instanceof Error ? error.message : error));
    }
    return undefined;
  };
  const option = (/** @type {Somebody} */ one, /** @type {string} */ why) => html`<${Option} key=${one.person_id} value=${one.person_id} choice=${choice} onChoose=${setChoice}>
    <span class="stack"><span><strong>${nameOf(one)}</strong> <code>${one.host_id}</code></span><span class="muted wrap">${[one.type && MEMBER[one.type], one.email, why].filter(Boolean).join(" · ")}</span></span>
  <//>`;
  return html`<${Dialog}
    title=${`Who is ${nameOf(row, row.host_id ?? "")}?`}
    busy=${saving}
    onClose=${onClose}
    footer=${html`<${Button} label="Cancel" onClick=${onClose} /><${Button} label="Save decision" kind="primary" type="submit" form="decide" busy=${saving} />`}
  >
    <form id="decide" class="stacked" noValidate onSubmit=${save}>
      ${failure && html`<div class="notice bad" role="alert"><p>${failure}</p></div>`}
      <dl class="facts">
        <dt>Member type</dt><dd>${MEMBER[row.type]}</dd>
        <dt>Host ID</dt><dd><code>${row.host_id}</code></dd>
        ${row.email && html`<dt>E-mail</dt><dd>${row.email}</dd>`}
        <dt>State</dt><dd>${stateOf(row.state).title}${row.reason ? `. ${row.reason.message}` : ""}</dd>
      </dl>
      <fieldset class="options">
        <legend class="label">In the SIS this user is</legend>
        ${now && option(now, "as it stands")}
        ${row.candidates.map((one) => option(one, `${one.confidence} % sure, by ${one.by.map((by) => BY[by]).join(" and ")}`))}
        ${!row.candidates.length && !found.length && !now && !search && html`<p class="muted">Nobody in the SIS is like this user. Search for the person below.</p>`}
        <${Search} label="Search people without an account" value=${search} onSearch=${setSearch} />
        ${found.map((one) => option(one, "no account yet"))}
        ${search && !loading && !found.length && html`<p class="muted" role="status">Nobody without an account fits “${search}”.</p>`}
        <${Option} value=${RETIRE} choice=${choice} onChoose=${setChoice}>
          <span class="stack"><strong>Nobody: retire the account</strong><span class="muted">It is un-invited, never deleted. Its pictures stay.</span></span>
        <//>
        ${row.decided && html`<${Option} value=${OPEN} choice=${choice} onChoose=${setChoice}><span class="stack"><strong>Take the decision back</strong><span class="muted">The user is compared again.</span></span><//>`}
      </fieldset>
      ${row.state === "colliding" && html`<${Notice} tone="warn">A user who collides cannot be left open: decide who they are, or retire them.<//>`}
    </form>
  <//>`;
}

/** @param {{value: string, choice: string, onChoose: (value: string) => void, children: import("../../types.js").Children}} props */
const Option = ({ value, choice, onChoose, children }) => html`
  <label class="option"><input type="radio" name="person" value=${value} checked=${choice === value} onChange=${() => onChoose(value)} />${children}</label>
`;
