"""The one module that knows every system."""

from __future__ import annotations

from collections.abc import Mapping

from rollcall.connectors.aeries import connector as aeries
from rollcall.connectors.aeries import photos
from rollcall.connectors.aeries.connector import Aeries
from rollcall.connectors.aeries.inspect import Inspector as AeriesInspector
from rollcall.connectors.aeries.inspect import PhotoInspector
from rollcall.connectors.aeries.photos import AeriesPhotos
from rollcall.connectors.base import Connector, Inspector
from rollcall.connectors.illuminate import connector as illuminate
from rollcall.connectors.illuminate.connector import Illuminate
from rollcall.connectors.illuminate.inspect import Inspector as IlluminateInspector
from rollcall.connectors.mapping import Context
from rollcall.connectors.oneroster import connector as oneroster
from rollcall.connectors.oneroster_core.connector import OneRoster
from rollcall.connectors.oneroster_core.inspect import Inspector as OneRosterInspector
from rollcall.connectors.powerschool import connector as powerschool
from rollcall.connectors.powerschool.connector import PowerSchool
from rollcall.connectors.powerschool.inspect import Inspector as PowerSchoolInspector
from rollcall.connectors.powerschool_query import connector as powerschool_query
from rollcall.connectors.powerschool_query.connector import PowerSchoolQuery
from rollcall.connectors.powerschool_query.inspect import Inspector as PowerSchoolQueryInspector
from rollcall.connectors.schooltool import connector as schooltool
from rollcall.connectors.transport import Transport
from rollcall.domain.errors import NeedsAttention
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Lookup

_INDISPENSABLE = ("building", "grade_level")
_INDISPENSABLE_FOR_PICTURES = ("building",)


def connect(
    integration: Integration,
    school_year: str,
    lookups: Mapping[str, Lookup],
    credentials: Mapping[str, str],
    transport: Transport,
) -> Connector:
    """The connector of an integration. Talks to nobody yet.

    ``school_year`` is the district's, such as ``2026-27``; ``lookups`` are by mapping entity; ``credentials`` by
    credential key, in the clear. Raises ``NeedsAttention`` where one that cannot be done without is missing.
    """
    context = _context(integration, school_year, lookups)
    family, given = integration.family_identifier, (integration.url, credentials, context)
    try:
        match integration.system:
            case "aeries" if integration.pictures_only:
                return photos.connect(*given, transport)
            case "aeries":
                return aeries.connect(*given, _aeries_options(integration), transport)
            case "illuminate":
                return illuminate.connect(*given, family, transport)
            case "oneroster":
                return oneroster.connect(*given, _oneroster_options(integration), transport)
            case "powerschool":
                return powerschool.connect(*given, family, transport)
            case "powerschool_query":
                return powerschool_query.connect(*given, family, transport)
            case "schooltool":
                return schooltool.connect(*given, family, transport)
    except KeyError as missing:
        raise NeedsAttention("credentials_missing", f"The integration has no {missing.args[0]}.") from None


def inspector(connector: Connector) -> Inspector:
    """The same SIS, to be looked at piece by piece."""
    match connector:
        case Aeries():
            return AeriesInspector(connector)
        case AeriesPhotos():
            return PhotoInspector(connector)
        case Illuminate():
            return IlluminateInspector(connector)
        case PowerSchool():
            return PowerSchoolInspector(connector)
        case PowerSchoolQuery():
            return PowerSchoolQueryInspector(connector)
        case OneRoster():
            return OneRosterInspector(connector)
    raise TypeError("a connector that nobody can inspect")


def _context(integration: Integration, school_year: str, lookups: Mapping[str, Lookup]) -> Context:
    for entity in _INDISPENSABLE_FOR_PICTURES if integration.pictures_only else _INDISPENSABLE:
        if entity not in lookups:
            raise NeedsAttention(
                "mapping_missing", f"The integration has no {entity.replace('_', ' ')} mapping."
            )
    return Context(
        district_id=integration.district_id,
        source=integration.source,
        school_year=school_year,
        member_types=frozenset(integration.member_types),
        lookups=lookups,
    )


def _aeries_options(integration: Integration) -> aeries.Options:
    return aeries.Options(
        primary_codes=frozenset(code.strip() for code in integration.primary_enrollment_codes),
        alternate_codes=frozenset(code.strip() for code in integration.alternate_enrollment_codes),
        code_field=integration.enrollment_code_field,
        use_local_id_as_pin=integration.use_local_id_as_pin,
        use_contact_record=integration.use_contact_record,
        use_change_feed=integration.use_change_feed,
    )


def _oneroster_options(integration: Integration) -> oneroster.Options:
    return oneroster.Options(
        delivery=integration.delivery,
        authentication=integration.authentication,
        token_url=integration.token_url,
        family_identifier=integration.family_identifier,
    )
