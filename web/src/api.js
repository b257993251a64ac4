// The API under /v1, with this session's token: JSON in and out, problems as typed errors, reads tried again.
import { authorization, signInAgain } from "./auth.js";

const TRIES = 4;
const FIRST_PAUSE_MS = 300;
const PASSING = new Set([429, 502, 503, 504]);

/** What went wrong, in words for a person. `errors` lists the fields at fault, `code` is stable. */
export class Problem extends Error {
  /** @param {number} status @param {{code?: string, title?: string, detail?: string, errors?: import("./types.js").FieldFault[]}} body */
  constructor(status, body) {
    super(body.detail || body.title || "Something went wrong.");
    this.name = "Problem";
    this.status = status;
    this.code = body.code ?? "unknown";
    this.errors = body.errors ?? [];
  }
}

/**
 * @typedef {object} Options
 * @property {Record<string, string | number | boolean | null | undefined>} [query] left out where null or ""
 * @property {unknown} [body]
 * @property {number | string} [version] sent as If-Match
 * @property {string} [key] sent as Idempotency-Key
 * @property {AbortSignal} [signal]
 */

/** @type {<T = any>(path: string, options?: Options) => Promise<T>} */
export const get = (path, options) => call("GET", path, options);
/** @type {<T = any>(path: string, body: unknown, options?: Options) => Promise<T>} */
export const post = (path, body, options) => call("POST", path, { key: crypto.randomUUID(), ...options, body });
/** @type {<T = any>(path: string, body: unknown, options?: Options) => Promise<T>} */
export const put = (path, body, options) => call("PUT", path, { ...options, body });
/** @type {<T = any>(path: string, body: unknown, options?: Options) => Promise<T>} */
export const patch = (path, body, options) => call("PATCH", path, { ...options, body });
/** @type {<T = any>(path: string, options?: Options) => Promise<T>} */
export const remove = (path, options) => call("DELETE", path, options);

/**
 * Every item of a list, page by page: for choices that must all be shown, never for people.
 * @template T
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<T[]>}
 */
export async function all(path, options = {}) {
  /** @type {T[]} */
  const items = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    const query = { ...options.query, limit: 200, cursor };
    /** @type {import("./types.js").Page<T>} */
    const page = await get(path, { ...options, query });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}

/** A file of the API, such as a CSV, saved under a name. @param {string} path @param {string} name */
export async function download(path, name) {
  const answer = await request("GET", path, {});
  const url = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}

/** A file of the API, such as a photo. @param {string} path @param {Options} [options] */
export const file = async (path, options = {}) => (await request("GET", path, options)).blob();

/** @param {string} method @param {string} path @param {Options} [options] */
async function call(method, path, options = {}) {
  const answer = await request(method, path, options);
  return answer.status === 204 ? undefined : answer.json();
}

/** @param {string} method @param {string} path @param {Options} options @returns {Promise<Response>} */
async function request(method, path, options) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send(method, path, options).catch((error) => {
      if (options.signal?.aborted) throw error;
      return null;
    });
    if (answer?.ok) return answer;
    if (answer?.status === 401 && attempt === 1 && (await signInAgain())) continue;
    const passing = !answer || PASSING.has(answer.status);
    // What is sent under a key may be repeated: the API answers as it did the first time.
    if (!passing || attempt === TRIES || (method !== "GET" && !options.key)) throw await problem(answer);
    await pause(Number(answer?.headers.get("Retry-After")) * 1000 || FIRST_PAUSE_MS * 2 ** attempt, options.signal);
  }
}

/** @param {string} method @param {string} path @param {Options} options */
function send(method, path, options) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  }
  /** @type {Record<string, string>} */
  const headers = { Authorization: authorization() };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.version !== undefined) headers["If-Match"] = `"${options.version}"`;
  if (options.key) headers["Idempotency-Key"] = options.key;
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return fetch(`/v1${path}${query.size ? `?${query}` : ""}`, { method, headers, body, signal: options.signal });
}

/** @param {Response | null} answer */
async function problem(answer) {
  if (!answer) return new Problem(0, { code: "offline", detail: "The server could not be reached. Check the connection and try again." });
  try {
    return new Problem(answer.status, await answer.json());
  } catch {
    return new Problem(answer.status, { detail: `The server answered ${answer.status}. Try again later.` });
  }
}

/** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
