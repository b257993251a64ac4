// The form as the API's JSON Schema describes it, made into fields; and what was entered, made into a body. Pure functions.

/**
 * @typedef {import("../../types.js").Schema} Schema
 * @typedef {Record<string, any>} Values nested as the API's bodies are
 *
 * @typedef {object} FormField
 * @property {string} path such as `mappings.building`
 * @property {Schema} schema
 * @property {boolean} required
 * @property {"text" | "secret" | "check" | "choices" | "codes" | "select" | "mapping"} kind
 * @property {string} section
 */

/** @type {Partial<Record<FormField["kind"], string>>} */
const MISSING = { mapping: "Choose a mapping.", choices: "Choose at least one.", select: "Choose one." };
const ELSEWHERE = new Set(["system", "version"]);

/** The fields that apply to what has been entered so far, in the order of the screen. @param {Schema} form @param {Values} values @returns {FormField[]} */
export function fieldsOf(form, values) {
  const branch = (form.if && matches(form.if, values) ? form.then : form.else) ?? {};
  return flat(form, branch, "")
    .filter(({ path, fixed }) => !ELSEWHERE.has(path) && !fixed)
    .map(({ path, schema, required }) => ({ path, schema, required: required || (schema.minItems ?? 0) > 0, kind: kindOf(schema), section: schema["x-section"] ?? "" }));
}

/** What a form begins with: what is stored, else defaults. Secrets begin as null, which is "as it is". @param {Schema} form @param {Values} [stored] */
export function begin(form, stored = {}) {
  /** @type {Values} */
  const values = {};
  for (const { path, schema } of flat(form, {}, "")) {
    if (kindOf(schema) === "secret") put(values, path, null);
    else put(values, path, take(stored, path) ?? schema.default ?? blank(schema));
  }
  return values;
}

/** Another system's form with what was entered already, where both have the field. @param {Schema} form @param {Values} before */
export function carriedOver(form, before) {
  const values = begin(form);
  for (const { path, schema } of flat(form, {}, "")) {
    const entered = take(before, path);
    if (entered !== undefined && allowed(schema, entered)) put(values, path, entered);
  }
  return values;
}

/** The body to send: only fields that apply; secrets only where one was entered. @param {Schema} form @param {Values} values @returns {Values} */
export function bodyOf(form, values) {
  /** @type {Values} */
  const body = { system: form.properties?.["system"]?.const };
  for (const { path, kind } of fieldsOf(form, values)) {
    const value = take(values, path);
    const left = (kind === "secret" || kind === "mapping") && !value;
    if (!left && value !== null && value !== undefined) put(body, path, value);
  }
  return { mappings: {}, ...body };
}

/**
 * Required fields that are still blank.
 * @param {Schema} form @param {Values} values @param {(path: string) => boolean} stored whether a secret is kept already
 * @returns {import("../../types.js").FieldFault[]}
 */
export function missing(form, values, stored) {
  return fieldsOf(form, values)
    .filter(({ path, required, kind }) => {
      const value = take(values, path);
      if (kind === "secret") return value === "" ? stored(path) || required : required && value === null && !stored(path);
      return required && (value === "" || value === null || value === undefined || (Array.isArray(value) && !value.length));
    })
    .map(({ path, kind }) => ({ field: path, code: "required", message: MISSING[kind] ?? "This is required." }));
}

/** Codes as they are typed: "A, B". A blank between commas is a code, too. @param {string} text */
export const codesOf = (text) => (text.trim() ? text.split(",").map((code) => code.trim()) : []);

/** @param {Values} values @param {string} path @returns {any} */
export const take = (values, path) => path.split(".").reduce((value, key) => value?.[key], values);

/** @param {Values} values @param {string} path @param {any} value */
export function put(values, path, value) {
  const [key = "", rest] = path.split(".");
  values[key] = rest ? { ...values[key], [rest]: value } : value;
}

/**
 * @param {Schema} form @param {Schema} branch @param {string} prefix
 * @returns {{path: string, schema: Schema, required: boolean, fixed: boolean}[]}
 */
function flat(form, branch, prefix) {
  return Object.entries(form.properties ?? {}).flatMap(([name, schema]) => {
    const narrowed = branch.properties?.[name] ?? {};
    if (schema.properties) return flat(schema, narrowed, `${prefix}${name}.`);
    const required = Boolean(form.required?.includes(name) || branch.required?.includes(name));
    // What may only keep its default does not apply here.
    return [{ path: prefix + name, schema: plain(schema), required, fixed: "const" in narrowed || narrowed.maxItems === 0 }];
  });
}

/** A schema that may also be null, without the null. @param {Schema} schema @returns {Schema} */
function plain(schema) {
  const some = schema.anyOf?.find((one) => one.type !== "null");
  return some ? { ...some, ...schema } : schema;
}

/** @param {Schema} schema @returns {FormField["kind"]} */
function kindOf(schema) {
  const told = plain(schema);
  if (told["x-entity"]) return "mapping";
  if (told.writeOnly) return "secret";
  if (told.type === "boolean") return "check";
  if (told.type === "array") return told.items?.oneOf ? "choices" : "codes";
  return told.oneOf ? "select" : "text";
}

/** @param {Schema} schema */
function blank(schema) {
  const told = plain(schema);
  if (told.type === "array") return [];
  return told.type === "boolean" ? false : "";
}

/** @param {Schema} schema @param {any} value */
function allowed(schema, value) {
  const choices = plain(schema).items?.oneOf ?? plain(schema).oneOf;
  return !choices || [value].flat().every((one) => choices.some((choice) => choice.const === one));
}

/** @param {Schema} condition @param {Values} values */
const matches = (condition, values) =>
  Object.entries(condition.properties ?? {}).every(([name, { const: wanted }]) => values[name] === wanted);
