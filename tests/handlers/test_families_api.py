"""Family changes of a run over HTTP, what became of changes that waited, and family changes that are left out."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from msgspec.structs import replace

from config_api.bootstrap import Parts
from rollcall.domain.family_change import FamilyChange, Passing, Staying
from rollcall.domain.person import Enrollment
from rollcall.domain.plan import Change
from rollcall.domain.proofs import DropFacts, PullProof
from rollcall.domain.run import Hold, Run
from rollcall.domain.thresholds import Share
from rollcall.engine.blobs import RunFolder, pack, pack_lines

from .conftest import NOW, Client
from .test_reading_api import everything, person, put

__all__ = ["put"]
BASE = "/v1/districts/lakeview"
YES = {"plan_hash": "abc", "comment": "Looked at."}
ASH, BIRCH, CEDAR, ELM = (person(last, "A", n) for n, last in enumerate(("Ash", "Birch", "Cedar", "Elm")))


def change(student: Any, **fields: Any) -> Change:
    after = replace(student, person=replace(student.person, **fields))
    return Change(kind="update", type="student", after=after, before=student, fields=tuple(fields))


MERGE = FamilyChange(
    id="fch_1",
    kind="merge",
    before=("fam_1", "fam_2"),
    after=("fam_2",),
    passing=(
        Passing(person_id=ASH.id, first_name="A", last_name="Ash", before="fam_1", after="fam_2"),
        Passing(person_id=CEDAR.id, first_name="A", last_name="=Cedar", after="fam_2"),
    ),
    staying=(Staying(person_id=BIRCH.id, family_id="fam_2"), Staying(person_id="per_9", family_id="fam_2")),
    agree=("hoh_home_phone",),
)
SPLIT = FamilyChange(
    id="fch_2",
    kind="split",
    before=("fam_3",),
    after=("fam_3", "fam_4"),
    passing=(Passing(person_id=ELM.id, first_name="A", last_name="Elm", before="fam_3", after="fam_4"),),
    differ=("hoh_home_phone",),
    implausible=True,
)


@pytest.fixture
def run(parts: Parts, integration: dict[str, Any], put: Any) -> Run:
    """A held run of a merge that waits, a split that does not, and a drop that waits, as the runner leaves it."""
    made = Run(
        id="run_1",
        district_id="lakeview",
        integration_id=integration["id"],
        plan_hash="abc",
        holds=[Hold("families", "1 active student.")],
        families={"merge": 1, "split": 1},
        queued_at=NOW,
        checkpoint={"stage": "approved", "plan_files": 1, "family_files": 1, "held": 2, "batch": 0},
    )
    folder = RunFolder(made)
    stay = Enrollment(school="lake")
    gone = replace(BIRCH, person=replace(BIRCH.person, enrollments=(stay,)))
    left = replace(gone, person=replace(gone.person, status="ended"))
    drop = Change(
        kind="inactivate", type="student", after=left, before=gone, fields=("status",), dropped=True
    )
    parts.blobs.put(
        folder.plan(0),
        pack_lines([change(ASH, family_id="fam_2"), change(ELM, family_id="fam_4"), drop]),
    )
    parts.blobs.put(folder.families(0), pack_lines([MERGE, SPLIT]))
    parts.blobs.put(folder.held(), pack({"student:0": "fch_1", "student:1": ""}))
    facts = DropFacts(
        pull=PullProof(run_id="run_1", received_at=NOW, parts=7, records=300, announced=300),
        mapping_id="map_1",
        version=4,
        buildings=frozenset({"lake"}),
        limits={"drop_percent": 10, "drop_building_count": 25, "floor": 0},
        shares={"student": (Share(building=None, grade=None, ended=1, of=4),), "staff": (), "contact": ()},
    )
    parts.blobs.put(folder.drops(), pack(facts))
    put([ASH, BIRCH, ELM])
    parts.runs.create(made)
    lease = parts.runs.acquire("lakeview", integration["id"], "runner", NOW)
    assert lease is not None
    assert parts.runs.begin(made, lease)
    held = replace(made, state="held")
    parts.runs.finish(held, lease, "run_1", None)
    parts.runs.release("lakeview", integration["id"], lease)
    return held


def test_a_family_change_names_who_joins_leaves_and_stays(client: Client, run: Run) -> None:
    merge, split = everything(client.as_("lakeview/viewer"), f"{BASE}/runs/run_1/families", limit=1)
    assert (merge["id"], merge["kind"], merge["held"]) == ("fch_1", "merge", "waits")
    assert [(s["person_id"], s["before"], s["after"]) for s in merge["join"]] == [
        (ASH.id, "fam_1", "fam_2"),
        (CEDAR.id, None, "fam_2"),
    ]
    assert [s["person_id"] for s in merge["leave"]] == [ASH.id]
    assert [(s["person_id"], s["last_name"]) for s in merge["stay"]] == [(BIRCH.id, "Birch"), ("per_9", None)]
    assert (merge["agree"], merge["differ"], merge["implausible"]) == (["hoh_home_phone"], [], False)
    assert (split["held"], split["implausible"]) == (None, True)
    only = everything(client, f"{BASE}/runs/run_1/families", kind="split")
    assert [item["id"] for item in only] == ["fch_2"]
    assert client.get(f"{BASE}/runs/run_1/families", kind="marry").status == 422
    assert client.get(f"{BASE}/runs/run_9/families").status == 404
    assert client.get(f"{BASE}/runs/run_1").json["families"] == {"merge": 1, "split": 1}


def test_family_changes_as_a_file_have_a_line_for_each_student(client: Client, run: Run) -> None:
    answer = client.get(f"{BASE}/runs/run_1/families.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [(row["family_change"], row["what"], row["last_name"]) for row in rows] == [
        ("fch_1", "changes", "Ash"),
        ("fch_1", "joins", "'=Cedar"),
        ("fch_1", "stays", "Birch"),
        ("fch_1", "stays", ""),
        ("fch_2", "changes", "Elm"),
    ]
    assert [row["held"] for row in rows] == ["waits"] * 4 + [""]


def held_and_approved(client: Client) -> list[tuple[Any, ...]]:
    items = everything(client, f"{BASE}/runs/run_1/changes")
    return [(c["held"], c["proofs"] and len(c["proofs"]["approvals"])) for c in items]


def test_changes_are_narrowed_to_what_waited_and_to_a_type_of_person(client: Client, run: Run) -> None:
    """Whoever decides about a hold looks at what waits, not at the whole night; the file holds what the list shows."""
    path = f"{BASE}/runs/run_1/changes"
    whole = everything(client, path)
    assert everything(client, path, held="true", limit=1) == [whole[0], whole[2]]
    assert everything(client, path, held="false") == [whole[1]]
    assert everything(client, path, person_type="student") == [c for c in whole if c["type"] == "student"]
    assert everything(client, path, person_type="staff") == [c for c in whole if c["type"] == "staff"]
    rows = csv.DictReader(
        io.StringIO(client.get(f"{path}.csv", held="true", kind="inactivate").text.lstrip("\ufeff"))
    )
    assert {row["person_id"] for row in rows} == {whole[2]["person_id"]}
    assert client.get(path, person_type="pupil").status == 422


def test_a_change_says_what_became_of_it_and_a_drop_what_proves_it(
    client: Client, run: Run, parts: Parts
) -> None:
    assert held_and_approved(client) == [("waits", None), (None, None), ("waits", 0)]
    proofs = everything(client, f"{BASE}/runs/run_1/changes", kind="inactivate")[0]["proofs"]
    assert proofs["complete_pull"] == {
        "run_id": "run_1",
        "received_at": "2026-11-22T08:00:00Z",
        "parts": 7,
        "records": 300,
        "announced": 300,
    }
    assert proofs["mapped_building"] == {
        "schools": ["lake"],
        "mapping_id": "map_1",
        "version": 4,
        "mapped": True,
    }
    assert proofs["threshold"]["shares"] == [{"building": None, "grade": None, "ended": 1, "of": 4}]
    assert proofs["threshold"]["within"] is False
    rows = list(
        csv.DictReader(io.StringIO(client.get(f"{BASE}/runs/run_1/changes.csv").text.lstrip("\ufeff")))
    )
    assert [row["held"] for row in rows] == ["waits", "", "waits"]
    assert [bool(row["threshold"]) for row in rows] == [False, False, True]
    client.post(f"{BASE}/runs/run_1/approve", {**YES, "leave_out": ["fch_1"]})
    assert held_and_approved(client) == [("left_out", None), (None, None), ("approved", 1)]
    families = everything(client, f"{BASE}/runs/run_1/families")
    assert [item["held"] for item in families] == ["left_out", None]


@pytest.mark.parametrize(("state", "became"), [("rejected", "rejected"), ("cancelled", "superseded")])
def test_what_was_not_let_go_says_so(client: Client, run: Run, parts: Parts, state: Any, became: str) -> None:
    parts.runs.decide(run, replace(run, state=state, ended_at=NOW))
    assert [held for held, _ in held_and_approved(client)] == [became, None, became]


def test_only_family_changes_that_wait_can_be_left_out(client: Client, run: Run, parts: Parts) -> None:
    path = f"{BASE}/runs/run_1/approve"
    wrong = client.post(path, {**YES, "leave_out": ["fch_1", "fch_2", "fch_9", ""]})
    assert wrong.status == 422
    wrong = client.post(path, {**YES, "leave_out": ["fch_1", "fch_2", "fch_9"]})
    assert wrong.faults() == {("leave_out.1", "not_waiting"), ("leave_out.2", "not_waiting")}
    stored = parts.runs.get("lakeview", "run_1")
    assert stored is not None
    assert stored.state == "held"
    done = client.post(path, {**YES, "leave_out": ["fch_1", "fch_1"]}).json
    assert done["approvals"][0]["leave_out"] == ["fch_1"]
    record = client.get(f"{BASE}/audit", what="run.approved").json["items"][0]
    assert {"leave_out"} <= {c["field"] for c in record["changes"]}


def test_files_that_are_no_longer_kept_are_told(client: Client, run: Run, parts: Parts) -> None:
    folder = RunFolder(run)
    parts.blobs.delete([folder.drops()])
    gone = client.get(f"{BASE}/runs/run_1/changes", kind="inactivate")
    assert (gone.status, gone.json["code"]) == (404, "run_files_deleted")


def test_a_family_says_how_large_it_is_and_what_must_match(
    client: Client, integration: dict[str, Any], put: Any
) -> None:
    own = {"family_id": "fam_7"}
    students = [person("Ash", str(n), 100 + n, **own) for n in range(13)]
    put(
        [
            *(replace(s, integration_id=integration["id"]) for s in students),
            person("Elm", "E", 1, **own, status="ended"),
        ]
    )
    body = client.get(f"{BASE}/families/fam_7").json
    assert (len(body["members"]), body["size"], body["implausible"]) == (14, 13, True)
    assert body["identifier_fields"] == ["hoh_last_name"]


def test_how_families_are_reviewed_is_the_districts_and_stays_when_left_out(client: Client) -> None:
    form = {"name": "Lakeview", "time_zone": "America/Chicago", "version": 1}
    assert client.get(BASE).json["review_families"] == "over_limit"
    assert client.put(BASE, {**form, "review_families": "always"}).json["review_families"] == "always"
    assert client.put(BASE, {**form, "version": 2}).json["review_families"] == "always"
    assert client.put(BASE, {**form, "version": 3, "review_families": "weekly"}).status == 422
