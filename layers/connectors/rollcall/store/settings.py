"""What the template tells a function that works with people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from rollcall.domain.pace import FEW
from rollcall.domain.url import Addresses

MOST_CONNECTIONS = 16
"""More gain nothing: a SIS is seldom that wide, and the answers asked for ahead would fill the memory."""


@dataclass(frozen=True)
class Settings:
    """Names of the stack's resources, where a SIS may be, and how many requests it is given at once at most."""

    config_table: str
    people_table: str
    bucket: str
    run_queue_url: str
    credential_key_id: str
    sis_addresses: Addresses
    sis_connections: int = FEW

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Raises ``KeyError`` for a setting that is missing and ``ValueError`` for one that makes no sense."""
        addresses = env["SIS_ADDRESSES"]
        if addresses not in get_args(Addresses):
            raise ValueError(f"SIS_ADDRESSES must be one of {', '.join(get_args(Addresses))}")
        connections = int(env.get("SIS_CONNECTIONS", FEW))
        if not 1 <= connections <= MOST_CONNECTIONS:
            raise ValueError(f"SIS_CONNECTIONS must be from 1 to {MOST_CONNECTIONS}")
        return cls(
            config_table=env["CONFIG_TABLE"],
            people_table=env["PEOPLE_TABLE"],
            bucket=env["BUCKET"],
            run_queue_url=env["RUN_QUEUE_URL"],
            credential_key_id=env["CREDENTIAL_KEY_ID"],
            sis_addresses=cast("Addresses", addresses),
            sis_connections=connections,
        )
