"""SchoolTool's OneRoster service: where it is and what is particular to it (SchoolTool sheet §A2).

Paths of collections end with a slash; schools have no lists of their own; demographics may not be there at all.

On July 1 SchoolTool turns to the next school year by itself (§A3): many people come and go at once, and staff without a
course are not shown. The engine's thresholds judge that swing; that the year is the district's is seen by the
academic sessions, so between SchoolTool's July 1 and the district's own a run stops instead of loading another year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rollcall.connectors.auth import ClientCredentials
from rollcall.connectors.mapping import Context
from rollcall.connectors.oneroster_core.connector import Conventions, OneRoster
from rollcall.connectors.oneroster_core.paging import Paging
from rollcall.connectors.transport import Transport, parsed

__all__ = ["base_path", "connect"]

_SERVICE = "/STAPIService"
_ROSTER = "/ims/oneroster/v1p1"
_WEB = re.compile(r"/SchoolToolWeb(/.*)?$", re.IGNORECASE)
_CONVENTIONS = Conventions(slash=True, by_school=False, state_id_types=frozenset({"nyssis", "nyssisid"}))


def base_path(path: str) -> str:
    """Where the service is, from whichever address of SchoolTool was entered: the host, the web pages, or itself."""
    path = _WEB.sub("", path)
    if path.lower().endswith(_ROSTER):
        return path
    if path.lower().endswith(_SERVICE.lower()):
        return path + _ROSTER
    return path + _SERVICE + _ROSTER


def connect(
    url: str,
    credentials: Mapping[str, str],
    context: Context,
    family_identifier: Iterable[str],
    transport: Transport,
) -> OneRoster:
    """The connector for one integration; ``credentials`` are the OneRoster client id and secret.

    Raises ``KeyError`` naming the one that is missing: the form may leave them out, but no request can be made without.
    """
    auth = ClientCredentials(
        "/Token", credentials["consumer_token"], credentials["consumer_secret"], transport.clock
    )
    at = parsed(url)
    client = transport.client(at.origin + base_path(at.path), auth)
    return OneRoster(Paging(client, at.host), context, _CONVENTIONS, family_identifier)
