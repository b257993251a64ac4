"""Blobs in S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from typing import Any

from rollcall.domain.errors import StoreError, StoreThrottled
from rollcall.store.aws import translated

_WHAT = "file store"
_PART = 8 * 1024 * 1024
"""Of an upload; S3 takes parts of 5 MB or more, and ten thousand of them."""
_AT_ONCE = 8
"""Small files that are stored at the same time. Each takes S3 far longer than it takes us."""


class S3Blobs:
    """The ``Blobs`` port over one bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, data: bytes) -> None:
        with translated(_WHAT):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def put_all(self, files: Mapping[str, bytes]) -> None:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="files") as pool:
            for stored in [pool.submit(self.put, key, data) for key, data in files.items()]:
                stored.result()

    def put_stream(self, key: str, chunks: Iterable[bytes]) -> int:
        parts = _parts(chunks)
        first, second = next(parts, b""), next(parts, None)
        if second is None:
            self.put(key, first)
            return len(first)
        with translated(_WHAT):
            begun = self._client.create_multipart_upload(Bucket=self._bucket, Key=key)
        upload = {"Bucket": self._bucket, "Key": key, "UploadId": begun["UploadId"]}
        try:
            return self._upload(upload, chain((first, second), parts))
        except BaseException:
            # What was sent is paid for until it is thrown away.
            with suppress(StoreError), translated(_WHAT):
                self._client.abort_multipart_upload(**upload)
            raise

    def _upload(self, upload: dict[str, str], parts: Iterable[bytes]) -> int:
        done: list[dict[str, Any]] = []
        size = 0
        for number, part in enumerate(parts, 1):
            with translated(_WHAT):
                answer = self._client.upload_part(**upload, PartNumber=number, Body=part)
            done.append({"PartNumber": number, "ETag": answer["ETag"]})
            size += len(part)
        with translated(_WHAT):
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": done})
        return size

    def get(self, key: str) -> bytes:
        with translated(_WHAT):
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        return list(self.sizes(prefix))

    def sizes(self, prefix: str) -> dict[str, int]:
        found: dict[str, int] = {}
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with translated(_WHAT):
            for page in pages:
                found |= {entry["Key"]: entry["Size"] for entry in page.get("Contents", ())}
        return found

    def link(self, key: str, seconds: int, name: str) -> str:
        asked = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{name}"',
            "ResponseCacheControl": "no-store",
        }
        with translated(_WHAT):
            address: str = self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)
        return address

    def delete(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            with translated(_WHAT):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
                )
            if answer.get("Errors"):
                raise StoreThrottled("store_throttled", "Some files could not be deleted; try again later.")


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of the size of a part; only the last one is smaller."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _PART:
            yield bytes(buffer[:_PART])
            del buffer[:_PART]
    if buffer:
        yield bytes(buffer)
