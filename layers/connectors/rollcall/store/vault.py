"""Credentials, sealed and opened by KMS."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from rollcall.domain.ports import Vault
from rollcall.store.aws import translated
from rollcall.store.config import ConfigStore

_WHAT = "key service"


class KmsVault:
    """The ``Vault`` port over one key. A sealed secret opens only for the district and integration it was
    sealed for.
    """

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def seal(self, district_id: str, integration_id: str, secret: str) -> str:
        with translated(_WHAT):
            answer = self._client.encrypt(
                KeyId=self._key_id,
                Plaintext=secret.encode(),
                EncryptionContext=_context(district_id, integration_id),
            )
        return base64.b64encode(answer["CiphertextBlob"]).decode()

    def open(self, district_id: str, integration_id: str, sealed: str) -> str:
        with translated(_WHAT):
            answer = self._client.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=base64.b64decode(sealed),
                EncryptionContext=_context(district_id, integration_id),
            )
        plain: bytes = answer["Plaintext"]
        return plain.decode()


class VaultSecrets:
    """The ``Secrets`` port: the sealed credentials of the config store, opened by a vault."""

    def __init__(self, config: ConfigStore, vault: Vault) -> None:
        self._config = config
        self._vault = vault

    def credentials(self, district_id: str, integration_id: str) -> Mapping[str, str]:
        sealed = self._config.sealed(district_id, integration_id)
        return {key: self._vault.open(district_id, integration_id, value) for key, value in sealed.items()}


def _context(district_id: str, integration_id: str) -> dict[str, str]:
    return {"district_id": district_id, "integration_id": integration_id}
