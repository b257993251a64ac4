// Times as people of the district read them.
import { district } from "./session.js";

const FORMATS = new Map();

/** @param {Intl.DateTimeFormatOptions} options */
function format(options) {
  const timeZone = district.value?.time_zone ?? "UTC";
  const key = JSON.stringify([timeZone, options]);
  if (!FORMATS.has(key)) FORMATS.set(key, new Intl.DateTimeFormat("en-US", { timeZone, ...options }));
  return FORMATS.get(key);
}

/** "Nov 22, 2026, 2:00 AM PST", in the district's zone. @param {string | null | undefined} iso */
export function dateTime(iso) {
  if (!iso) return "";
  return format({ dateStyle: undefined, year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" }).format(new Date(iso));
}

/** "Sun, Nov 22, 2026, 2:00 AM PST": a time to come, of which the weekday matters. @param {string} iso */
export function plannedTime(iso) {
  return format({ weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" }).format(new Date(iso));
}

/** "Nov 22, 2026". @param {string | null | undefined} iso */
export function date(iso) {
  return iso ? format({ year: "numeric", month: "short", day: "numeric" }).format(new Date(iso)) : "";
}

const UNITS = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([["day", 86_400], ["hour", 3_600], ["minute", 60]]);

/** "3 hours ago"; beyond a week, the date. @param {string | null | undefined} iso */
export function ago(iso, now = Date.now()) {
  if (!iso) return "";
  const seconds = (new Date(iso).getTime() - now) / 1000;
  if (Math.abs(seconds) > 7 * 86_400) return date(iso);
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return new Intl.RelativeTimeFormat("en-US", { numeric: "auto" }).format(Math.round(seconds / size), unit);
  }
  return "just now";
}
