"""Switches of the OneRoster simulator, and the set of them that makes it a SchoolTool."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

V1P1, V1P2 = "1.1", "1.2"
PATHS = {V1P1: "/ims/oneroster/v1p1", V1P2: "/ims/oneroster/rostering/v1p2"}

_V1P1_SCOPES = "https://purl.imsglobal.org/spec/or/v1p1/scope/"
_V1P2_SCOPES = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
_SCOPE_NAMES = ("roster-core.readonly", "roster.readonly", "roster-demographics.readonly")
SCOPES = {version: frozenset(base + name for name in _SCOPE_NAMES) for version, base in
          ((V1P1, _V1P1_SCOPES), (V1P2, _V1P2_SCOPES))}  # fmt: skip


@dataclass(slots=True)
class Options:
    """Read again at every request, so that a test may turn a switch while the server runs.

    `prefix`: what the vendor puts before `/ims/oneroster`; `versions`: which are served; the first one named in
    `advertised` is the address a client is given.
    `auth`: what 1.1 takes, `oauth1` and `oauth2`; 1.2 takes OAuth 2 only.
    `token_path`: path of the token endpoint; blank means `<base>/token` of each version.
    `scopes`: what the client may be granted; `scope_required`: a token request without `scope` is refused.
    `bad_client`: status for wrong credentials: 401 JSON, or 400 with a text.
    `url_token`: a `token` query parameter that opens every resource without a bearer token; blank for none.
    `ignore_case`: paths ignore case, as IIS does.
    `default_limit`, `max_limit`: rows without `limit`; the most a page holds, 0 for any number.
    `paging_headers`: `total` (X-Total-Count) and `link`; `link_form`: `standard`, or `bare` without angle brackets;
    `link_origin`: scheme and host the links point to, blank for the one that was asked.
    `total_extra`: X-Total-Count announces so many more than there are.
    `paging`: `normal`, `ignores_offset` (every page is the first), or `all` (every page is everything).
    `filtering`: `full`, `ignored` (everything comes), or `refused` (400).
    `error_body`: imsx fields at the `top`, `wrapped` in imsx_StatusInfo, or the `array` of 1.1.
    `demographics`: `offered`, or the status that says it is not: 404, 403, 501.
    `schools_offered`: `/schools` exists. `deleted`: people and enrollments that are gone come as `tobedeleted`, as
    `inactive`, or are `absent`. `unassigned_staff`: staff without a class are served.
    `next_year`: it is July: what was entered for the next school year is visible, and this year is over.
    `blanks`: a field without a value is `omitted`, `null`, or `empty`. `json_booleans`: true instead of "true".
    `legacy_birthdate`: `birthdate` instead of `birthDate`. `date_times`: dates come as timestamps.
    `null_references`: null identifiers in userIds, agents without sourcedId, a null parent, primary students.
    `metadata`: people and orgs carry extras there. `grade_style`: `ceds`, or `sirs` (New York: KF, PKF).
    `guids`: sourcedIds are GUIDs, those of orgs integers. `beds`: org identifiers are 12-digit BEDS codes.
    `csv_path`: where the CSV package is fetched from by GET, with the client as user name and password unless
    `csv_open`. `csv_form`: `plain`, or `loose` as a spreadsheet leaves it; `csv_fault`: one of `package.FAULTS`.
    `merged_people`: in 1.2, an employee who is a parent is one user with two roles.
    """

    client_id: str = "oneroster-consumer"
    client_secret: str = "fJ3u-9sKq_2xWm.Lr7~Td"
    system: str = "oneroster"
    prefix: str = ""
    versions: frozenset[str] = frozenset(PATHS)
    advertised: str = V1P1
    auth: frozenset[str] = frozenset({"oauth1", "oauth2"})
    token_path: str = ""
    token_life: int = 3600
    scopes: frozenset[str] = SCOPES[V1P1] | SCOPES[V1P2]
    scope_required: bool = True
    bad_client: int = 401
    url_token: str = ""
    ignore_case: bool = False
    default_limit: int = 100
    max_limit: int = 1000
    paging_headers: frozenset[str] = frozenset({"total", "link"})
    link_form: str = "standard"
    link_origin: str = ""
    total_extra: int = 0
    paging: str = "normal"
    filtering: str = "full"
    error_body: str = "top"
    demographics: str = "offered"
    schools_offered: bool = True
    deleted: str = "tobedeleted"
    unassigned_staff: bool = True
    next_year: bool = False
    blanks: str = "omitted"
    json_booleans: bool = False
    legacy_birthdate: bool = False
    date_times: bool = False
    null_references: bool = False
    metadata: bool = True
    grade_style: str = "ceds"
    guids: bool = False
    beds: bool = False
    merged_people: bool = False
    csv_path: str = "/exports/oneroster.zip"
    csv_open: bool = False
    csv_form: str = "plain"
    csv_fault: str = ""

    @property
    def base_path(self) -> str:
        return self.prefix + PATHS[self.advertised]


def schooltool(**changes: Any) -> Options:
    """Mindex SchoolTool: OneRoster 1.1 under /STAPIService, with what its one public client had to code around."""
    preset = Options(
        client_id="schooltool-vendor",
        system="schooltool",
        prefix="/STAPIService",
        versions=frozenset({V1P1}),
        auth=frozenset({"oauth2"}),
        scope_required=False,
        ignore_case=True,
        max_limit=0,
        paging_headers=frozenset(),
        demographics="404",
        schools_offered=False,
        unassigned_staff=False,
        blanks="empty",
        date_times=True,
        null_references=True,
        metadata=False,
        guids=True,
        beds=True,
    )
    return replace(preset, **changes)
