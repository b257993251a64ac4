// Days of the calendar, written as 2026-12-21, without any time or zone; and where a day begins in the district's zone.
import { district } from "./session.js";

/** @param {string} day */
const utc = (day) => new Date(`${day}T00:00:00Z`);
/** @param {Date} instant */
const dayOf = (instant) => instant.toISOString().slice(0, 10);

/** @param {string} day @param {number} days */
export function plusDays(day, days) {
  const moved = utc(day);
  moved.setUTCDate(moved.getUTCDate() + days);
  return dayOf(moved);
}

/** The same day of another month, or that month's last day. @param {string} day @param {number} months */
export function plusMonths(day, months) {
  const first = utc(`${day.slice(0, 7)}-01`);
  first.setUTCMonth(first.getUTCMonth() + months + 1, 0);
  const last = first.getUTCDate();
  return `${dayOf(first).slice(0, 8)}${String(Math.min(last, Number(day.slice(8)))).padStart(2, "0")}`;
}

/** 0 for Sunday. @param {string} day */
export const weekdayOf = (day) => utc(day).getUTCDay();

/** The whole weeks, from Sunday on, that a month such as 2026-12 lies in. @param {string} month @returns {string[][]} */
export function weeksOf(month) {
  const first = `${month}-01`;
  const last = plusDays(plusMonths(first, 1), -1);
  const start = plusDays(first, -weekdayOf(first));
  const count = Math.ceil((weekdayOf(first) + Number(last.slice(8))) / 7);
  return Array.from({ length: count }, (_, week) => Array.from({ length: 7 }, (_day, day) => plusDays(start, week * 7 + day)));
}

/** In words, such as "Monday, December 21, 2026". @param {string} day @param {Intl.DateTimeFormatOptions} [options] */
export const inWords = (day, options = { dateStyle: "full" }) => new Intl.DateTimeFormat("en-US", { timeZone: "UTC", ...options }).format(utc(day));

/** The day it is now in the district. */
export const today = () => wallOf(new Date()).slice(0, 10);

/** The instant at which a day begins in the district's zone, as the API takes it. @param {string} day */
export function beginningOf(day) {
  const wanted = utc(day).getTime();
  // The wall clock there, read as if it were UTC, is off by the zone's distance; twice, because that distance may change.
  let instant = wanted;
  for (let look = 0; look < 2; look += 1) instant += wanted - new Date(`${wallOf(new Date(instant))}Z`).getTime();
  return new Date(instant).toISOString();
}

/** What clocks in the district show, such as 2026-12-21T18:00:00. @param {Date} instant */
function wallOf(instant) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: district.value?.time_zone ?? "UTC",
    ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  }).formatToParts(instant);
  const of = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${of["year"]}-${of["month"]}-${of["day"]}T${of["hour"]}:${of["minute"]}:${of["second"]}`;
}
