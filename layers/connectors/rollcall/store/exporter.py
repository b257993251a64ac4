"""Exports, by way of the function that makes them."""

from __future__ import annotations

import json
from typing import Any

from rollcall.store.aws import translated


class LambdaExporter:
    """The ``Exporter`` port over one function, which is told ids and nothing else."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def start(self, district_id: str, export_id: str) -> None:
        payload = json.dumps({"district_id": district_id, "export_id": export_id}).encode()
        with translated("exporter"):
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)
