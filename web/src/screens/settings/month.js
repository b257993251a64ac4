// A month of blackouts: a grid of days that the arrow keys move through, as WAI-ARIA's practices describe it.
import { useEffect, useRef, useState } from "../../../vendor/preact-hooks.js";
import { inWords, plusDays, plusMonths, today, weekdayOf, weeksOf } from "../../calendar.js";
import { Button } from "../../components/button.js";
import { html } from "../../html.js";
import { Kind } from "./kind.js";
import { KINDS, bounds, within } from "./ranges.js";

/** @typedef {import("../../types.js").Blackout} Blackout */

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** @type {Record<string, (day: string, event: KeyboardEvent) => string>} */
const MOVES = {
  ArrowLeft: (day) => plusDays(day, -1),
  ArrowRight: (day) => plusDays(day, 1),
  ArrowUp: (day) => plusDays(day, -7),
  ArrowDown: (day) => plusDays(day, 7),
  Home: (day) => plusDays(day, -weekdayOf(day)),
  End: (day) => plusDays(day, 6 - weekdayOf(day)),
  PageUp: (day, event) => plusMonths(day, event.shiftKey ? -12 : -1),
  PageDown: (day, event) => plusMonths(day, event.shiftKey ? 12 : 1),
};

/**
 * A day with a blackout opens it, another one begins a new one.
 * @param {{month: string, blackouts: Blackout[], denied: string, onMonth: (month: string) => void, onAdd: (day: string) => void,
 *   onOpen: (at: number) => void}} props
 */
export function Month({ month, blackouts, denied, onMonth, onAdd, onOpen }) {
  const now = today();
  const [chosen, setChosen] = useState(now);
  const grid = useRef(/** @type {HTMLDivElement | null} */ (null));
  const moved = useRef(false);
  // Exactly one day is in the tab order: the one that was moved to, today, or the first.
  const current = [chosen, now].find((day) => day.startsWith(month)) ?? `${month}-01`;
  useEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    const day = grid.current?.querySelector(`[data-day="${current}"]`);
    if (day instanceof HTMLElement) day.focus();
  }, [current]);
  const move = (/** @type {KeyboardEvent} */ event) => {
    const day = MOVES[event.key]?.(current, event);
    if (!day) return;
    event.preventDefault();
    moved.current = true;
    setChosen(day);
    if (!day.startsWith(month)) onMonth(day.slice(0, 7));
  };
  const turn = (/** @type {number} */ months) => {
    const day = plusMonths(current, months);
    setChosen(day);
    onMonth(day.slice(0, 7));
  };
  const title = inWords(`${month}-01`, { month: "long", year: "numeric" });
  return html`<section class="month" aria-label="Calendar of blackouts">
    <div class="month-head">
      <${Button} label="Previous month" icon="back" iconOnly kind="quiet" onClick=${() => turn(-1)} />
      <h2 id="month-title" aria-live="polite">${title}</h2>
      <${Button} label="Next month" icon="forward" iconOnly kind="quiet" onClick=${() => turn(1)} />
      <${Button} label="Today" denied=${month === now.slice(0, 7) ? "This month is shown." : ""} onClick=${() => { setChosen(now); onMonth(now.slice(0, 7)); }} />
    </div>
    <div role="grid" class="month-grid" aria-labelledby="month-title" ref=${grid} onKeyDown=${move}>
      <div role="row" class="month-days">
        ${WEEKDAYS.map((name) => html`<span key=${name} role="columnheader" aria-label=${name}>${name.slice(0, 3)}</span>`)}
      </div>
      ${weeksOf(month).map((week) => html`<div key=${week[0]} role="row">
        ${week.map((day) =>
          day.startsWith(month)
            ? html`<${Day} key=${day} day=${day} now=${now} current=${day === current} blackouts=${blackouts} denied=${denied} onAdd=${onAdd} onOpen=${onOpen} />`
            : html`<div key=${day} role="gridcell" class="outside"></div>`,
        )}
      </div>`)}
    </div>
    <div class="legend"><${Kind} kind="no_runs" /><${Kind} kind="adds_only" /></div>
  </section>`;
}

/**
 * @param {{day: string, now: string, current: boolean, blackouts: Blackout[], denied: string, onAdd: (day: string) => void,
 *   onOpen: (at: number) => void}} props
 */
function Day({ day, now, current, blackouts, denied, onAdd, onOpen }) {
  // One without runs goes before one in which people are added, as it does for runs.
  const inside = blackouts
    .map((blackout, at) => ({ blackout, at, share: within(blackout, day) }))
    .filter(({ share }) => share !== "none")
    .sort((a, b) => Number(a.blackout.kind !== "no_runs") - Number(b.blackout.kind !== "no_runs"));
  const first = inside[0];
  const off = first ? "" : denied;
  return html`<div role="gridcell">
    <button
      type="button"
      data-day=${day}
      tabindex=${current ? 0 : -1}
      aria-current=${day === now ? "date" : undefined}
      aria-disabled=${off ? "true" : undefined}
      title=${off || inside.map(({ blackout }) => blackout.note || KINDS[blackout.kind].title).join(", ") || undefined}
      onClick=${() => (first ? onOpen(first.at) : off || onAdd(day))}
    >
      <span class="hidden">${[inWords(day), ...inside.map(spoken)].join(". ")}</span>
      <span class="date" aria-hidden="true">${Number(day.slice(8))}</span>
      ${inside.map(({ blackout, at }) => html`<span key=${at} class="mark" aria-hidden="true"><${Kind} kind=${blackout.kind} text=${blackout.note || KINDS[blackout.kind].short} /></span>`)}
    </button>
  </div>`;

  /** @param {{blackout: Blackout, share: string}} one */
  function spoken({ blackout, share }) {
    const { begins, ends } = bounds(blackout);
    const times = [begins.startsWith(day) && `from ${begins.slice(11)}`, ends.startsWith(day) && `until ${ends.slice(11)}`].filter(Boolean);
    return [KINDS[blackout.kind].title, share === "part" && times.join(" "), blackout.note].filter(Boolean).join(", ");
  }
}
