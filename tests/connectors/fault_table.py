"""Every fault, for every system, and how a sync must end: the one table that the suites of connectors and syncs read.

A fault that a system cannot have is replaced, with the reason, by the nearest that it can: so every system meets every
row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

SYSTEMS = ("powerschool", "powerschool_query", "aeries", "illuminate", "schooltool", "oneroster")


@dataclass(frozen=True)
class Sheet:
    """How one system is asked: regular expressions over ``path?query``, and fields of a student's row.

    ``contacts`` is where guardians come from. ``id_field`` names a student, ``name`` may be spoilt without harm to
    others. ``counts`` is where a list's length is announced, None where it never is.
    """

    students: str
    contacts: str
    staff: str
    id_field: str
    name: str
    counts: str | None


SHEETS: Mapping[str, Sheet] = {
    "powerschool": Sheet(
        r"/ws/v1/school/\d+/student(\?|$)",
        r"/ws/contacts/student/\d+",
        r"/ws/v1/school/\d+/staff(\?|$)",
        "id",
        "name",
        r"/student/count",
    ),
    "powerschool_query": Sheet(
        r"\.students\.roster(\?|$)",
        r"\.contacts\.details(\?|$)",
        r"\.staff\.roster(\?|$)",
        "student_dcid",
        "first_name",
        r"\.students\.roster/count",
    ),
    "aeries": Sheet(
        r"/schools/\d+/students", r"/schools/\d+/contacts(\?|$)", r"/staff", "StudentID", "FirstName", None
    ),
    "illuminate": Sheet(
        r"/Api/Students/", r"/Api/Contacts/", r"/Api/Users/", "student_id", "first_name", r"/Api/Students/"
    ),
    "schooltool": Sheet(r"/students/", r"/users/", r"/users/", "sourcedId", "givenName", None),
    "oneroster": Sheet(
        r"/schools/[^/]+/students", r"/users(\?|$)", r"/users(\?|$)", "sourcedId", "givenName", r"/students"
    ),
}


@dataclass(frozen=True)
class Instead:
    """What one system meets in the place of a fault, and why."""

    why: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """One thing that a SIS does wrong. ``on`` is a field of ``Sheet``, or ``everything``.

    ``ends`` is the code of the failed run, or ``completed``; then ``issue`` is what the run reports, and with
    ``traceless`` the store is as right as after a good night. ``first`` is how the very first sync ends, where that is
    otherwise, and after ``nights`` the store is right again. What is slow or huge is met over HTTP only, in
    the suite of connectors.
    """

    name: str
    kind: str
    ends: str
    on: str = "students"
    times: int | None = None
    after: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    issue: str = ""
    traceless: bool = False
    first: str = ""
    nights: int = 1
    instead: Mapping[str, Instead] = field(default_factory=dict)


def instead(why: str, **changes: Any) -> Instead:
    return Instead(why, changes)


def passes(name: str, kind: str, times: int = 1, **fields: Any) -> Fault:
    """A fault that is over before patience is."""
    return Fault(name, kind, "completed", times=times, traceless=True, **fields)


BY_STUDENT = "contacts are asked for student by student, and of everybody again within a week"
NO_TOKEN = "the credential has no life of its own; a 401 to one call means that an area is not permitted"
NO_COUNT = "the SIS announces no count"
NO_LINKS = "pages are asked for by number or position, never by a link"
STEP = "the next page begins after what was received, so a row left out is the first of the next page"
AGAIN = "nothing is announced: a row that comes twice says that another may not have come, so the list is read again"
FIRST_TEXT = "the first text of a row is its id"

# fmt: off
FAULTS = (
    # Out of order ------------------------------------------------------------------------------------------
    Fault("down", "http_503", "source_unavailable", on="everything"),
    Fault("students are down", "http_500", "source_unavailable", after=1),
    Fault("contacts are down", "http_502", "source_unavailable", on="contacts", after=1),
    Fault("staff are down", "http_503", "source_unavailable", on="staff", after=1),
    passes("one 500", "http_500"),
    passes("one 500 in the middle", "http_500", after=2),
    passes("three 503 with a date", "http_503", times=3, params={"retry_after": "date"}),
    Fault(
        "maintenance",
        "redirect",
        "sis_in_maintenance",
        on="everything",
        params={"location": "https://message.powerschool.com/?server=sis.example.org"},
    ),
    # Too many requests -------------------------------------------------------------------------------------
    *(
        passes(f"429 once, {form}", "http_429", after=1, params={"retry_after": form})
        for form in ("absent", "seconds", "date", "past_date", "negative", "absurd", "text")
    ),
    Fault("429 for good", "http_429", "rate_limited", params={"retry_after": "absent"}),
    Fault(
        "429 for good, absurd", "http_429", "rate_limited", on="contacts", params={"retry_after": "absurd"}
    ),
    # Torn answers ------------------------------------------------------------------------------------------
    passes("reset once", "reset", after=1),
    Fault("reset", "reset", "source_interrupted", after=1),
    passes("cut off twice", "truncated", times=2, after=1),
    Fault("cut off", "truncated", "source_interrupted"),
    Fault(
        "cut off before the first byte",
        "truncated",
        "source_interrupted",
        on="contacts",
        params={"fraction": 0},
    ),
    # Refusals ----------------------------------------------------------------------------------------------
    Fault("credentials refused", "http_401", "credentials_rejected", on="everything"),
    passes(
        "the token ends in the middle",
        "token_expired",
        after=2,
        instead={
            "aeries": instead(
                NO_TOKEN, kind="http_401", ends="permission_missing", times=None, traceless=False
            ),
            "illuminate": instead(
                NO_TOKEN, kind="http_401", ends="permission_missing", times=None, traceless=False
            ),
        },
    ),
    passes(
        "the token ends among the contacts",
        "token_expired",
        on="contacts",
        after=1,
        instead={
            "aeries": instead(
                NO_TOKEN, kind="http_401", ends="permission_missing", times=None, traceless=False
            ),
            "illuminate": instead(
                NO_TOKEN, kind="http_401", ends="permission_missing", times=None, traceless=False
            ),
        },
    ),
    Fault("students forbidden", "http_403", "permission_missing", after=2),
    Fault("contacts forbidden", "http_403", "permission_missing", on="contacts", after=1),
    Fault(
        "students not found",
        "http_404",
        "endpoint_wrong",
        after=2,
        instead={
            "powerschool_query": instead(
                "a query that is not there is a plugin's", ends="plugin_not_installed"
            ),
        },
    ),
    Fault("bad request", "http_400", "request_refused", after=2),
    Fault("no content", "http_204", "request_refused", after=2),
    # Other things than data --------------------------------------------------------------------------------
    Fault("login page", "html_login", "endpoint_not_json"),
    Fault("login page for everything", "html_login", "endpoint_not_json", on="everything"),
    Fault("maintenance page", "maintenance_page", "endpoint_not_json", on="contacts", after=1),
    Fault("redirect", "redirect", "endpoint_redirects"),
    Fault("nested without end", "deep_json", "unexpected_shape"),
    Fault("other wrapper", "missing_wrapper", "unexpected_shape"),
    Fault("ids of another type", "wrong_types", "unexpected_shape", params={"field": "id_field"}),
    Fault(
        "a name of another type",
        "wrong_types",
        "completed",
        issue="record_malformed",
        params={"field": "name", "value": [1, {"x": 2}]},
    ),
    Fault("bytes that are no text", "invalid_utf8", "completed", times=1, after=2, instead={
        "schooltool": instead(FIRST_TEXT, ends="unexpected_shape"),
        "oneroster": instead(FIRST_TEXT, ends="unexpected_shape"),
    }),
    # Rows --------------------------------------------------------------------------------------------------
    Fault("no students", "empty_list", "count_mismatch", instead={
        "aeries": instead(NO_COUNT, ends="empty_pull"),
        "schooltool": instead(NO_COUNT, ends="empty_pull"),
    }),
    Fault("no contacts", "empty_list", "count_mismatch", on="contacts", instead={
        "powerschool": instead(BY_STUDENT, ends="empty_pull", first="completed", nights=8),
        "aeries": instead(NO_COUNT, ends="empty_pull", first="completed"),
        "schooltool": instead(NO_COUNT, ends="empty_pull", first="completed"),
    }),
    Fault("no staff", "empty_list", "count_mismatch", on="staff", instead={
        "aeries": instead(NO_COUNT, ends="empty_pull", first="completed"),
        "schooltool": instead(NO_COUNT, ends="empty_pull", first="completed"),
    }),
    Fault("counts promise more", "count_mismatch", "count_mismatch", on="counts", instead={
        "aeries": instead(
            NO_COUNT, kind="empty_list", on="students", after=4, ends="empty_building", first="completed"
        ),
        "schooltool": instead(NO_COUNT, kind="empty_list", on="students", after=1, ends="empty_pull"),
    }),
    Fault("a row left out", "drop_rows", "count_mismatch", after=1, instead={
        "aeries": instead(STEP, times=1, ends="completed", traceless=True),
        "schooltool": instead(STEP, times=1, ends="completed", traceless=True),
    }),
    passes("a row left out once", "drop_rows", after=1),
    Fault("rows come twice", "duplicate_row", "completed", issue="duplicate_row"),
    Fault("rows move", "moving_row", "count_mismatch", instead={
        "aeries": instead(AGAIN, ends="rows_moving"),
        "schooltool": instead(AGAIN, ends="rows_moving"),
    }),
    passes("rows move once", "moving_row", times=2),
    # Paging ------------------------------------------------------------------------------------------------
    Fault("every page is the first", "looping_pages", "paging_loop"),
    Fault("next links lead back", "looping_links", "paging_loop", instead={
        system: instead(NO_LINKS, kind="looping_pages", after=3) for system in SYSTEMS if system != "oneroster"
    }),
    Fault("next links lead nowhere", "looping_links", "paging_loop", params={"to": "self"}, instead={
        system: instead(NO_LINKS, kind="looping_pages", after=2, params={})
        for system in SYSTEMS if system != "oneroster"
    }),
    Fault("next links lead to another host", "foreign_links", "paging_foreign_host", instead={
        system: instead(NO_LINKS, kind="redirect", after=1, ends="endpoint_redirects",
                        params={"location": "https://elsewhere.invalid/"})
        for system in SYSTEMS if system != "oneroster"
    }),
)
# fmt: on


def met_by(system: str) -> list[Fault]:
    """The table's rows as one system meets them, with its own paths and fields."""
    found = []
    for fault in FAULTS:
        other = fault.instead.get(system)
        mine = replace(fault, **other.changes) if other else fault
        sheet = SHEETS[system]
        where = ".*" if mine.on == "everything" else getattr(sheet, mine.on)
        params = dict(mine.params)
        if params.get("field") in ("id_field", "name"):
            params["field"] = getattr(sheet, params["field"])
        found.append(replace(mine, on=where, params=params))
    return found
