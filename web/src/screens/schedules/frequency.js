// The five frequencies: as the form holds them, as the API takes them, and in words.

/** @typedef {import("../../types.js").Frequency} Frequency */
/** @typedef {{every: Frequency["every"], minute: string, at: string, day: string, date: string, month: string}} Entered */

export const EVERY = /** @type {{value: Frequency["every"], title: string}[]} */ ([
  { value: "hour", title: "Every hour" },
  { value: "day", title: "Every day" },
  { value: "week", title: "Every week" },
  { value: "month", title: "Every month" },
  { value: "year", title: "Every year" },
]);

const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
/** @param {string} word */
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

export const WEEKDAY_OPTIONS = WEEKDAYS.map((day) => ({ value: day, title: capital(day) }));
export const MONTH_OPTIONS = MONTHS.map((title, at) => ({ value: String(at + 1), title }));
export const DATE_OPTIONS = Array.from({ length: 31 }, (_, at) => ({ value: String(at + 1), title: String(at + 1) }));

const USUAL = { minute: "0", at: "02:00", day: "monday", date: "1", month: "7" };

/** What the form begins with: what is stored, and something usual for every other frequency. @param {Frequency} [stored] @returns {Entered} */
export function entered(stored) {
  const given = Object.fromEntries(Object.entries(stored ?? {}).map(([name, value]) => [name, String(value)]));
  return /** @type {Entered} */ ({ every: "day", ...USUAL, ...given });
}

/** What the API takes. @param {Entered} form @returns {Frequency} */
export function frequencyOf({ every, minute, at, day, date, month }) {
  switch (every) {
    case "hour":
      return { every, minute: Number(minute) };
    case "day":
      return { every, at };
    case "week":
      return { every, day: /** @type {any} */ (day), at };
    case "month":
      return { every, date: Number(date), at };
    case "year":
      return { every, month: Number(month), date: Number(date), at };
  }
}

/** "Every day at 02:00". @param {Frequency} frequency */
export function inWords(frequency) {
  switch (frequency.every) {
    case "hour":
      return `Every hour at minute ${String(frequency.minute).padStart(2, "0")}`;
    case "day":
      return `Every day at ${frequency.at}`;
    case "week":
      return `Every ${capital(frequency.day)} at ${frequency.at}`;
    case "month":
      return `Every month on ${dateOfAny(frequency.date)} at ${frequency.at}`;
    case "year":
      return `Every year on ${dateOf(frequency.month, frequency.date)} at ${frequency.at}`;
  }
}

/** Not every month has a 29th, 30th or 31st. @param {number} date */
const dateOfAny = (date) => `the ${ordinal(date)}${date > 28 ? ", or the last day," : ""}`;

/** A date that a month never has is its last day. @param {number} month @param {number} date */
function dateOf(month, date) {
  const days = new Date(Date.UTC(2028, month, 0)).getUTCDate();
  return `${MONTHS[month - 1]} ${Math.min(date, days)}`;
}

/** @param {number} date */
function ordinal(date) {
  const rule = new Intl.PluralRules("en-US", { type: "ordinal" }).select(date);
  return `${date}${{ one: "st", two: "nd", few: "rd" }[/** @type {string} */ (rule)] ?? "th"}`;
}

/** What is missing, or cannot be. @param {Entered} form @returns {import("../../types.js").FieldFault[]} */
export function faultsOf({ every, minute, at }) {
  if (every === "hour") {
    const number = Number(minute);
    return /^\d{1,2}$/.test(minute) && number <= 59 ? [] : [{ field: "frequency.minute", code: "number", message: "Enter a minute from 0 to 59." }];
  }
  return at ? [] : [{ field: "frequency.at", code: "required", message: "Enter a time." }];
}
