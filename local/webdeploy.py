"""Puts the published console into a deployed stack: python -m local.webdeploy STACK FOLDER. Needs the AWS CLI.

What never changes goes first and ``index.html`` last, so that nobody is served a page whose files are not there yet.
Earlier versions stay: whoever has a page open may still ask for a part of it.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOR_EVER = "public, max-age=31536000, immutable"
ASK_ANEW = "no-cache"


def main(stack: str, folder: Path) -> None:
    """Write ``config.json`` from the stack's outputs, upload everything, and say where it is."""
    outputs = _outputs(stack)
    (folder / "config.json").write_text(json.dumps(config(outputs), indent=2))
    bucket = f"s3://{outputs['ConsoleBucketName']}"
    _aws("s3", "sync", str(folder / "assets"), f"{bucket}/assets", "--cache-control", FOR_EVER)
    for name in ("config.json", "index.html"):
        _aws("s3", "cp", str(folder / name), f"{bucket}/{name}", "--cache-control", ASK_ANEW)
    print(outputs["ConsoleUrl"])


def config(outputs: dict[str, str]) -> dict[str, str]:
    """What the console must know of its stack; nothing in it is secret."""
    return {
        "sign_in": "oidc",
        "issuer": outputs["ConsoleIssuer"],
        "client_id": outputs["ConsoleClientId"],
        "scope": outputs["ConsoleScope"],
    }


def _outputs(stack: str) -> dict[str, str]:
    told: dict[str, Any] = json.loads(
        _aws("cloudformation", "describe-stacks", "--stack-name", stack, "--output", "json")
    )
    return {output["OutputKey"]: output["OutputValue"] for output in told["Stacks"][0]["Outputs"]}


def _aws(*command: str) -> str:
    return subprocess.run(["aws", *command], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
