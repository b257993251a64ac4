"""What integrations have last done, for lists."""

from __future__ import annotations

from collections.abc import Iterable

from config_api.bootstrap import Parts
from rollcall.domain.run import Run


def last_runs(parts: Parts, district_id: str, integration_ids: Iterable[str]) -> dict[str, Run]:
    """By integration, the run that is under way, or else the last one that ended; nothing for what never ran."""
    states = parts.runs.states(district_id, list(integration_ids))
    wanted = {key: state.active_run or state.last_run for key, state in states.items()}
    runs = parts.runs.get_many(district_id, [run_id for run_id in wanted.values() if run_id])
    return {key: runs[run_id] for key, run_id in wanted.items() if run_id and run_id in runs}
