// What screens share: loading, and lists whose search, order and page stand in the address.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact-hooks.js";
import { get } from "./api.js";
import { confirmLeaving } from "./components/confirm.js";
import { keepHere, param, setParams } from "./router.js";

/**
 * Load something, and again whenever one of `inputs` changes. What was loaded stays while the next is on its way.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {unknown[]} inputs
 */
export function useLoad(load, inputs) {
  const [state, setState] = useState(/** @type {{data: T | null, error: Error | null, answers: unknown[]}} */ ({ data: null, error: null, answers: [] }));
  const [times, setTimes] = useState(0);
  const asked = [...inputs, times];
  // Not after the next picture: what is asked for in a chain would wait for one at each link.
  useLayoutEffect(() => {
    const abort = new AbortController();
    load(abort.signal).then(
      (data) => abort.signal.aborted || setState({ data, error: null, answers: asked }),
      (error) => abort.signal.aborted || setState((before) => ({ ...before, error, answers: asked })),
    );
    return () => abort.abort();
  }, asked);
  const reload = useCallback(() => setTimes((n) => n + 1), []);
  // Told by what was asked, not by an effect, which would let one picture pass the old answer off as the new one's.
  const loading = asked.length !== state.answers.length || asked.some((input, at) => !Object.is(input, state.answers[at]));
  return { data: state.data, error: state.error, loading, reload };
}

/**
 * A page of a list as the address says: `?search=&include_inactive=&sort=&order=&after=` and whatever `filters` names. `asking`
 * turns that into what the API is asked, where they differ.
 * @template T
 * @param {string} address path in the API
 * @param {{sort?: string, order?: "asc" | "desc", filters?: string[], asking?: (query: Record<string, string>) => Record<string, string>, fixed?: Record<string, string>}} [defaults] `asking` makes the API's query of the address's, and `fixed` is asked for whatever the address says
 */
export function useList(address, { sort = "", order = "asc", filters = [], asking = (query) => query, fixed = {} } = {}) {
  const names = ["search", "include_inactive", ...filters];
  /** @type {Record<string, string>} */
  const query = Object.fromEntries(names.map((name) => [name, param(name)]));
  if (sort) Object.assign(query, { sort: param("sort", sort), order: param("order", order) });
  const after = param("after");
  const { data, error, loading, reload } = useLoad(
    (signal) => get(address, { query: { ...asking(query), ...fixed, cursor: after }, signal }),
    [address, ...Object.values(query), ...Object.values(fixed), after],
  );
  const page = /** @type {import("./types.js").Page<T> | null} */ (data);
  return {
    page,
    rows: page?.items ?? null,
    loading,
    error,
    reload,
    query,
    sort: { by: query["sort"] ?? "", order: query["order"] ?? "asc" },
    /** @param {string} by */
    onSort: (by) => setParams({ sort: by, order: query["sort"] === by && query["order"] === "asc" ? "desc" : "asc", after: null }),
    /** @param {Record<string, any>} changes */
    filter: (changes) => setParams({ ...changes, after: null }),
    reset: () => setParams(Object.fromEntries([...names, "sort", "order", "after"].map((name) => [name, null]))),
    previous: after ? () => setParams({ after: pageBefore(after) }, { push: true }) : null,
    next: page?.next
      ? () => {
          rememberPage(/** @type {string} */ (page.next), after);
          setParams({ after: page.next }, { push: true });
        }
      : null,
  };
}

/** Keeps the user from leaving work behind; the function given back lets them go. @param {boolean} unsaved */
export function useUnsaved(unsaved) {
  const release = useRef(() => {});
  useEffect(() => {
    if (!unsaved) return undefined;
    release.current = keepHere(confirmLeaving);
    return release.current;
  }, [unsaved]);
  return () => release.current();
}

// Cursors lead forward only, so the way back is remembered; whoever came by a link goes back to the first page.
const PAGES = "rollcall.pages";

/** @param {string} cursor @param {string} before */
function rememberPage(cursor, before) {
  sessionStorage.setItem(PAGES, JSON.stringify({ ...JSON.parse(sessionStorage.getItem(PAGES) ?? "{}"), [cursor]: before }));
}

/** @param {string} cursor @returns {string | null} */
const pageBefore = (cursor) => JSON.parse(sessionStorage.getItem(PAGES) ?? "{}")[cursor] ?? null;
