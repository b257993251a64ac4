// Runs as every screen that starts one follows them.
import { get, pause } from "./api.js";
import { at } from "./session.js";

const SOONEST_MS = 400;
const LATEST_MS = 5000;
const HELD_MS = 20_000;

/** States in which a run does nothing more by itself. */
export const ENDED = new Set(["completed", "failed", "rejected", "cancelled", "skipped", "held"]);

/** What a run does in each stage. @type {Record<string, string>} */
export const STAGES = {
  survey: "Checking", pull: "Reading", guard: "Checking", map: "Mapping", diff: "Comparing", judge: "Judging", apply: "Writing", commit: "Finishing", approved: "Writing",
};

/** A run until it ends or waits, told of as it goes; more and more rarely, and not at all while nobody looks. @param {string} id @param {AbortSignal} signal @param {(run: import("./types.js").Run) => void} tell @returns {Promise<import("./types.js").Run>} */
export async function follow(id, signal, tell) {
  for (let wait = SOONEST_MS; ; wait = Math.min(wait * 1.5, LATEST_MS)) {
    /** @type {import("./types.js").Run} */
    const run = await get(at(`/runs/${id}`), { signal });
    tell(run);
    if (ENDED.has(run.state)) return run;
    await pause(wait, signal);
    await looked(signal);
  }
}

/**
 * A run that waits for somebody, told of now and then until it does so no more, and at once when the page is looked at again:
 * another person may have decided. An answer that does not come is asked for again the next time.
 * @param {string} id @param {AbortSignal} signal @param {(run: import("./types.js").Run) => void} tell
 */
export async function followHeld(id, signal, tell) {
  while (!signal.aborted) {
    const round = new AbortController();
    const either = AbortSignal.any([signal, round.signal]);
    await Promise.race([pause(HELD_MS, either), lookedAgain(either)]).catch(() => undefined);
    round.abort();
    await looked(signal);
    const run = signal.aborted ? null : await get(at(`/runs/${id}`), { signal }).catch(() => null);
    if (run) tell(run);
  }
}

/** When the page is looked at after something else was. @param {AbortSignal} signal @returns {Promise<void>} */
const lookedAgain = (signal) =>
  new Promise((resolve) => {
    addEventListener("focus", () => resolve(), { once: true, signal });
    document.addEventListener("visibilitychange", () => document.hidden || resolve(), { signal });
  });

/** When the page is next seen. @param {AbortSignal} signal @returns {Promise<void>} */
const looked = (signal) =>
  new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look, { signal });
    look();
  });

/** How a run ended, as the end of a sentence. @param {import("./types.js").Run} run */
export function told(run) {
  if (run.error) return `failed. ${run.error.message}`;
  if (run.state === "held") return "part of the changes waits for approval.";
  if (run.state !== "completed") return `the run was ${run.state}.`;
  const sum = (/** @type {"add" | "update" | "inactivate"} */ kind) => Object.values(run.counts).reduce((n, counts) => n + counts[kind], 0).toLocaleString("en-US");
  return `completed. ${sum("add")} added, ${sum("update")} updated, ${sum("inactivate")} ended.`;
}
