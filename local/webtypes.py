"""Writes the API's OpenAPI document, from which the console's types are made: python -m local.webtypes FILE."""

import json
import os
import sys
from pathlib import Path

from config_api.app import build
from config_api.bootstrap import bootstrap
from rollcall.store.settings import Settings

_NAMES = (
    *("CONFIG_TABLE", "PEOPLE_TABLE", "BUCKET", "RUN_QUEUE_URL", "CREDENTIAL_KEY_ID"),
    *("TESTER_FUNCTION", "EXPORTER_FUNCTION", "API_URL", "MAIL_TOPICS"),
)


def document() -> str:
    """The document, without anything of AWS being called."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    settings = {**dict.fromkeys(_NAMES, "none"), "SIS_ADDRESSES": "public", "RUN_FILES_DAYS": "1"}
    api = build(bootstrap(Settings.from_env(settings), settings))
    event = {
        "version": "2.0",
        "rawPath": "/v1/openapi.json",
        "headers": {},
        "requestContext": {
            "http": {"method": "GET", "path": "/v1/openapi.json"},
            "requestId": "types",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    answer = api.handle(event, None)  # type: ignore[arg-type]
    return json.dumps(json.loads(answer["body"]), indent=1)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document())
