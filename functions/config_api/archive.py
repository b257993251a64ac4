"""Answers that are files."""

from __future__ import annotations

from base64 import b64encode
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response


def zip_answer(name: str, package: bytes) -> Response[str]:
    """A zip to be saved under ``name``, which holds nothing that a header could not."""
    answer = Response(
        status_code=HTTPStatus.OK,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
        # Already as API Gateway takes it: validation of answers reads bytes as text.
        body=b64encode(package).decode(),
    )
    answer.base64_encoded = True
    return answer
