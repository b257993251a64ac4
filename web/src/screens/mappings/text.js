// Rows as text: what is pasted from a spreadsheet, and CSV files. And which rows say the same thing twice. Pure functions.

/** @typedef {import("../../types.js").Entry} Entry */

const HEADINGS = new Set(["external value", "external", "code", "sis value"]);
/** A spreadsheet would take such a cell for a formula; a negative number is none. */
const FORMULA = /^(?:[=+@\t\r]|-(?!\d+(?:\.\d+)?$))/;

/** Cells of a table as spreadsheets copy it (tabs) or as CSV (commas, or semicolons where no comma is). @param {string} text @returns {string[][]} */
export function cellsOf(text) {
  const content = text.replace(/^\ufeff/, "");
  const firstLine = content.split(/\r?\n/, 1)[0] ?? "";
  const separator = firstLine.includes("\t") ? "\t" : firstLine.includes(",") || !firstLine.includes(";") ? "," : ";";
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  let cell = "";
  let quoted = false;
  const endCell = () => {
    row.push(cell);
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.some((one) => one.trim())) rows.push(row);
    row = [];
  };
  for (let i = 0; i < content.length; i += 1) {
    const c = content[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (content[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (c === '"' && !cell) quoted = true;
    else if (c === separator) endCell();
    else if (c === "\n") endRow();
    else if (c !== "\r") cell += c;
  }
  if (cell || row.length) endRow();
  return rows;
}

/** Rows of a mapping from a file: its first two columns, without headings. @param {string} text @returns {Entry[]} */
export function entriesOf(text) {
  const rows = cellsOf(text);
  const headed = HEADINGS.has((rows[0]?.[0] ?? "").trim().toLowerCase());
  return rows.slice(headed ? 1 : 0).map(([external = "", value = ""]) => ({ external: unescaped(external.trim()), value: unescaped(value.trim()) }));
}

/** A mapping as a CSV file that no spreadsheet takes for formulas. @param {Entry[]} entries */
export const csvOf = (entries) =>
  [["External value", "Our value"], ...entries.map(({ external, value }) => [external, value])]
    .map((row) => row.map((cell) => `"${(FORMULA.test(cell) ? `'${cell}` : cell).replace(/"/g, '""')}"`).join(","))
    .join("\r\n") + "\r\n";

/** @param {string} cell */
const unescaped = (cell) => (cell.startsWith("'") && FORMULA.test(cell.slice(1)) ? cell.slice(1) : cell);

/**
 * Faults that show while typing, by row: the same external value twice as a sync would compare them, or a value left blank.
 * @param {Entry[]} entries @param {{ignore_case: boolean, ignore_leading_zeros: boolean}} options
 * @returns {Map<number, {field: "external" | "value", message: string}>}
 */
export function faultsOf(entries, options) {
  const first = new Map();
  const faults = new Map();
  entries.forEach((entry, row) => {
    if (!entry.external.trim() && !entry.value.trim()) return;
    const key = normal(entry.external, options);
    if (first.has(key)) faults.set(row, { field: "external", message: `Row ${first.get(key) + 1} has the same external value. Keep one of them.` });
    else first.set(key, row);
    if (!entry.value.trim() && !faults.has(row)) faults.set(row, { field: "value", message: "Enter what it stands for, or remove the row." });
  });
  return faults;
}

/** As the API compares: `000` becomes `0`, never blank. @param {string} external @param {{ignore_case: boolean, ignore_leading_zeros: boolean}} options */
export function normal(external, { ignore_case, ignore_leading_zeros }) {
  const text = ignore_case ? external.trim().toLowerCase() : external.trim();
  return ignore_leading_zeros && text ? text.replace(/^0+/, "") || "0" : text;
}

/** What is typed, without rows in which nothing is. @param {Entry[]} entries */
export const filled = (entries) => entries.filter(({ external, value }) => external.trim() || value.trim());
