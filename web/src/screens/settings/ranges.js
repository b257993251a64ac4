// Blackouts: ranges of days, or of days with times, as clocks in the district show them.
import { inWords, plusDays } from "../../calendar.js";

/** @typedef {import("../../types.js").Blackout} Blackout */

/** @type {Record<Blackout["kind"], {title: string, short: string, help: string, icon: import("../../components/icon.js").IconName}>} */
export const KINDS = {
  no_runs: { title: "Nothing runs", short: "No runs", help: "No job starts, and only an administrator can start a run by hand.", icon: "stop" },
  adds_only: { title: "Only new people are added", short: "Adds only", help: "Runs add people and bring back those who return. Changes and leavers wait for the first run after it.", icon: "add" },
};

/** @param {string} text a date, or a date and time */
const time = (text) => text.slice(11);
/** @param {string} text */
const day = (text) => text.slice(0, 10);

/** The first minute inside, and the first minute outside. @param {Blackout} blackout */
export const bounds = ({ from, to }) => ({
  begins: time(from) ? from : `${from}T00:00`,
  ends: time(to) ? to : `${plusDays(to, 1)}T00:00`,
});

/** How much of a day lies inside. @param {Blackout} blackout @param {string} date @returns {"none" | "part" | "whole"} */
export function within(blackout, date) {
  const { begins, ends } = bounds(blackout);
  const [first, next] = [`${date}T00:00`, `${plusDays(date, 1)}T00:00`];
  if (begins >= next || ends <= first) return "none";
  return begins <= first && ends >= next ? "whole" : "part";
}

/** @type {Intl.DateTimeFormatOptions} */
const SHORT = { weekday: "short", month: "short", day: "numeric", year: "numeric" };

/** "Mon, Dec 21, 2026, 18:00". @param {string} text */
export const pointInWords = (text) => `${inWords(day(text), SHORT)}${time(text) && `, ${time(text)}`}`;

/** "from Mon, Dec 21, 2026 to Fri, Jan 1, 2027". @param {Blackout} blackout */
export function rangeInWords({ from, to }) {
  if (from === to) return `on ${pointInWords(from)}`;
  return `from ${pointInWords(from)} to ${pointInWords(to)}`;
}

/** As the form holds it. @param {Blackout} blackout */
export const entered = ({ from, to, kind, note }) => ({ from: day(from), from_time: time(from), to: day(to), to_time: time(to), kind, note });

/** As the API takes it. @param {ReturnType<typeof entered>} form @returns {Blackout} */
export const blackoutOf = ({ from, from_time, to, to_time, kind, note }) => ({
  from: from_time ? `${from}T${from_time}` : from,
  to: to_time ? `${to}T${to_time}` : to,
  kind,
  note,
});
