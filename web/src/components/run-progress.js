import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { STAGES, follow, told } from "../runs.js";
import { LoadError } from "./page.js";
import { Progress } from "./progress.js";

/**
 * A run that was started here, from its first moment to how it ended.
 * @param {{id: string, name: string, onEnd: (run: import("../types.js").Run) => void}} props
 */
export function RunProgress({ id, name, onEnd }) {
  const [run, setRun] = useState(/** @type {import("../types.js").Run | null} */ (null));
  const [ended, setEnded] = useState(false);
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const [times, setTimes] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setError(null);
    follow(id, abort.signal, setRun).then(
      (last) => {
        setEnded(true);
        onEnd(last);
      },
      (failure) => abort.signal.aborted || setError(failure),
    );
    return () => abort.abort();
  }, [id, times]);
  if (error) return html`<${LoadError} error=${error} onRetry=${() => setTimes(times + 1)} />`;
  if (!ended || !run) {
    const progress = run?.progress;
    return html`<div class="notice"><strong>${name}</strong><${Progress} label=${STAGES[progress?.stage ?? ""] ?? "Waiting"} done=${progress?.done} total=${progress?.total} /></div>`;
  }
  return html`<div class=${`notice ${run.state === "completed" ? "good" : run.state === "failed" ? "bad" : "warn"}`} role="status"><p><strong>${name}</strong> ${told(run)}</p></div>`;
}
