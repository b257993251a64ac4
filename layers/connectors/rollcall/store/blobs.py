"""Blobs in S3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rollcall.domain.errors import StoreThrottled
from rollcall.store.aws import translated

_WHAT = "file store"


class S3Blobs:
    """The ``Blobs`` port over one bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, data: bytes) -> None:
        with translated(_WHAT):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        with translated(_WHAT):
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body

    def delete(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            with translated(_WHAT):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
                )
            if answer.get("Errors"):
                raise StoreThrottled("store_throttled", "Some files could not be deleted; try again later.")
