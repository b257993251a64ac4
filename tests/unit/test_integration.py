"""Integrations: what a form must say, and what follows from it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rollcall.domain.form import Invalid
from rollcall.domain.forms import AnyForm, IntegrationForm, IntegrationUpdate
from rollcall.domain.integration import Integration, apply_form, secrets_of
from rollcall.domain.mapping import CodeMapping
from rollcall.domain.systems import SYSTEMS

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ENTITIES = [
    "building",
    "ethnicity",
    "grade_level",
    "race",
    "state",
    "gender",
    "language",
    "relationship",
    "academic_year",
]
MAPPINGS = {
    f"map_{entity}": CodeMapping(
        id=f"map_{entity}", district_id="lakeview", entity=entity, name=entity, created_at=NOW, updated_at=NOW
    )
    for entity in ENTITIES
}
CREDENTIALS = {
    "powerschool": {"consumer_token": "token-token-1", "consumer_secret": "secret-secret-2"},
    "powerschool_query": {"consumer_token": "token-token-4", "consumer_secret": "secret-secret-5"},
    "aeries": {"token": "certificate-3"},
    "illuminate": {
        "consumer_token": "consumer-token-4",
        "consumer_secret": "consumer-secret-5",
        "user_token": "user-token-6",
        "user_secret": "user-secret-7",
    },
    "schooltool": {"consumer_token": "client-client-4", "consumer_secret": "secret-secret-5"},
    "oneroster": {"consumer_token": "client-client-6", "consumer_secret": "secret-secret-7"},
}


def written(system: str, **changes: Any) -> dict[str, Any]:
    entities = ENTITIES if system == "aeries" else ENTITIES[:-1]
    return {
        "name": "Nightly",
        "system": system,
        "url": "https://sis.example.org",
        "credentials": CREDENTIALS[system],
        "mappings": {entity: f"map_{entity}" for entity in entities},
        **changes,
    }


def create(
    system: str = "powerschool", siblings: list[Integration] | None = None, **changes: Any
) -> Integration:
    form: AnyForm = TypeAdapter(IntegrationForm).validate_python(written(system, **changes))
    number = len(siblings or [])
    return apply_form(f"int_{number}", "lakeview", form, None, siblings or [], MAPPINGS, "public", NOW)


def update(stored: Integration, **changes: Any) -> Integration:
    body = written(stored.system, **changes)
    if "credentials" not in changes:
        del body["credentials"]
    form: AnyForm = TypeAdapter(IntegrationUpdate).validate_python(body)
    return apply_form(stored.id, "lakeview", form, stored, [stored], MAPPINGS, "public", NOW)


def faults(error: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, str]]:
    return {(fault.field, fault.code) for fault in error.value.errors}


def test_a_new_integration_is_active_and_tells_of_its_secrets_only_their_ends() -> None:
    made = create()
    assert made.active
    assert made.credentials["consumer_secret"].ends_with == "-2"
    assert "secret-secret" not in made.model_dump_json()


def test_short_secrets_show_nothing() -> None:
    made = create("aeries", credentials={"token": "short"})
    assert made.credentials["token"].ends_with is None


def test_secrets_do_not_show_in_text() -> None:
    form = TypeAdapter(IntegrationForm).validate_python(written("powerschool"))
    assert "secret-secret" not in repr(form)
    assert "secret-secret" not in form.model_dump_json()
    assert secrets_of(form)["consumer_secret"] == "secret-secret-2"


def test_left_out_secrets_stay() -> None:
    stored = create()
    changed = update(stored, name="Other", credentials={"consumer_token": "another-token-9"})
    assert changed.credentials["consumer_secret"] == stored.credentials["consumer_secret"]
    assert changed.credentials["consumer_token"].ends_with == "-9"
    assert changed.version == 2


@pytest.mark.parametrize(
    "url",
    ["https://evil.example.org", "https://sis.example.org:8443", "https://sis.example.org.evil.example"],
)
@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_another_server_needs_all_secrets_again(system: str, url: str) -> None:
    """Else an editor could have the stored secrets sent to a server of their own."""
    stored = create(system)
    with pytest.raises(Invalid) as caught:
        update(stored, url=url)
    assert {field for field, _ in faults(caught)} == {
        f"credentials.{key}" for key in SYSTEMS[system].credentials
    }
    assert update(stored, url=url, credentials=CREDENTIALS[system]).url == url


def test_one_of_two_secrets_is_not_enough_for_another_server() -> None:
    with pytest.raises(Invalid) as caught:
        update(create(), url="https://evil.example.org", credentials={"consumer_token": "another-token-9"})
    assert faults(caught) == {("credentials.consumer_secret", "required_with_new_address")}


@pytest.mark.parametrize("url", ["https://sis.example.org/path", "https://SIS.example.org:443/"])
def test_another_path_on_the_same_server_needs_none(url: str) -> None:
    assert update(create(), url=url).url == url


def test_the_system_is_for_good() -> None:
    stored = create("powerschool")
    form: AnyForm = TypeAdapter(IntegrationUpdate).validate_python(written("aeries"))
    with pytest.raises(Invalid) as caught:
        apply_form(stored.id, "lakeview", form, stored, [stored], MAPPINGS, "public", NOW)
    assert faults(caught) == {("system", "cannot_change")}


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        create(
            "aeries",
            url="http://sis.example.org",
            family_identifier=["hoh_last_name", "hoh_last_name"],
            mappings={**written("aeries")["mappings"], "race": "map_gender", "state": "map_none"},
            primary_enrollment_codes=["", "A"],
            alternate_enrollment_codes=["A"],
        )
    assert faults(caught) == {
        ("url", "url_scheme"),
        ("family_identifier.1", "duplicate"),
        ("mappings.race", "wrong_entity"),
        ("mappings.state", "unknown_mapping"),
        ("alternate_enrollment_codes", "duplicate"),
    }


def test_inactive_mappings_cannot_be_chosen() -> None:
    off = {**MAPPINGS, "map_race": MAPPINGS["map_race"].model_copy(update={"active": False})}
    form: AnyForm = TypeAdapter(IntegrationForm).validate_python(written("powerschool"))
    with pytest.raises(Invalid) as caught:
        apply_form("int_1", "lakeview", form, None, [], off, "public", NOW)
    assert faults(caught) == {("mappings.race", "inactive_mapping")}


def test_integrations_of_one_server_share_people_and_others_do_not() -> None:
    first = create()
    same = create(siblings=[first], url="https://sis.example.org:443/other", name="Photos")
    elsewhere = create(siblings=[first], url="https://other.example.org")
    aeries = create("aeries", siblings=[first])
    assert same.source == first.source
    assert len({first.source, elsewhere.source, aeries.source}) == 3


def test_both_ways_into_one_powerschool_share_people() -> None:
    rest = create()
    assert create("powerschool_query", siblings=[rest]).source == rest.source


def test_source_stays_when_the_server_moves_and_nobody_inherits_it() -> None:
    """A server put at the old address later has other people under the same numbers."""
    first = create()
    moved = update(first, url="https://new.example.org", credentials=CREDENTIALS["powerschool"])
    assert moved.source == first.source
    at_old_address = create(siblings=[moved])
    assert at_old_address.source != first.source
    beside_the_moved = create(siblings=[moved, at_old_address], url="https://new.example.org")
    assert beside_the_moved.source == first.source


def test_active_is_only_changed_when_it_is_said() -> None:
    off = update(create(), active=False)
    assert not off.active
    assert not update(off, name="Other").active
    assert update(off, active=True).active


def test_illuminate_needs_the_keys_of_the_application_and_of_a_user() -> None:
    made = create("illuminate", family_identifier=["hoh_first_name", "household_home_address"])
    assert {key: made.credentials[key].ends_with for key in SYSTEMS["illuminate"].credentials} == {
        "consumer_token": "-4",
        "consumer_secret": "-5",
        "user_token": "-6",
        "user_secret": "-7",
    }
    assert not any(secret in made.model_dump_json() for secret in CREDENTIALS["illuminate"].values())


@pytest.mark.parametrize(
    "changes",
    [
        {"credentials": CREDENTIALS["powerschool"]},
        {"family_identifier": ["family_key"]},
        {"use_contact_record": True},
        {"mappings": {**written("aeries")["mappings"]}},
        {"mappings": {"building": "map_building"}},
    ],
)
def test_illuminate_refuses_what_belongs_to_other_systems(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        create("illuminate", **changes)


def test_schooltool_may_be_entered_before_its_secrets_are_known() -> None:
    made = create("schooltool", credentials={})
    assert made.credentials == {}
    assert update(made, url="https://other.example.org").url == "https://other.example.org"
    known = update(made, credentials=CREDENTIALS["schooltool"])
    with pytest.raises(Invalid) as caught:
        update(known, url="https://other.example.org")
    assert {code for _, code in faults(caught)} == {"required_with_new_address"}


def test_schooltool_and_oneroster_of_one_server_share_people() -> None:
    first = create("schooltool")
    assert create("oneroster", siblings=[first]).source == first.source


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"token_url": "http://sis.example.org/token"}, ("token_url", "url_scheme")),
        ({"token_url": "https://10.0.0.1/token"}, ("token_url", "url_host")),
        (
            {"authentication": "oauth1", "token_url": "https://sis.example.org/token"},
            ("token_url", "not_with_oauth1"),
        ),
        (
            {"authentication": "oauth1", "url": "https://sis.example.org/ims/oneroster/rostering/v1p2/"},
            ("authentication", "not_in_version"),
        ),
    ],
)
def test_how_a_oneroster_server_is_signed_in_to(changes: dict[str, Any], fault: tuple[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        create("oneroster", **changes)
    assert faults(caught) == {fault}


def test_a_oneroster_export_has_an_address_and_nothing_of_oauth() -> None:
    made = create("oneroster", delivery="csv", url="https://drop.example.org/exports/Lakeview.zip")
    assert (made.delivery, made.url) == ("csv", "https://drop.example.org/exports/Lakeview.zip")
    assert create("oneroster").delivery == "rest"
    with pytest.raises(Invalid) as caught:
        create(
            "oneroster",
            delivery="csv",
            authentication="oauth1",
            token_url="https://sis.example.org/token",
            url="http://drop.example.org/lakeview.zip",
        )
    assert faults(caught) == {
        ("authentication", "not_with_csv"),
        ("token_url", "not_with_csv"),
        ("url", "url_scheme"),
    }
    with pytest.raises(ValidationError):
        create("oneroster", delivery="sftp")


@pytest.mark.parametrize("system", sorted(set(SYSTEMS) - {"oneroster"}))
def test_only_oneroster_is_delivered_in_files(system: str) -> None:
    with pytest.raises(ValidationError):
        create(system, delivery="csv")


def test_going_over_to_an_export_elsewhere_wants_the_secrets_anew() -> None:
    """Guards: an OAuth client's secret must not be sent to a web server as a password."""
    stored = create("oneroster")
    changes = {"delivery": "csv", "url": "https://drop.example.org/lakeview.zip"}
    with pytest.raises(Invalid) as caught:
        update(stored, **changes)
    assert {code for _, code in faults(caught)} == {"required_with_new_address"}
    assert update(stored, **changes, credentials=CREDENTIALS["oneroster"]).delivery == "csv"


def test_secrets_are_not_sent_to_another_token_server() -> None:
    stored = create("oneroster", token_url="https://login.example.org/token")
    assert update(stored, token_url="https://login.example.org/v2/token").version == 2
    assert update(stored, token_url="").token_url == ""
    with pytest.raises(Invalid) as caught:
        update(stored, token_url="https://evil.example.org/token")
    assert {code for _, code in faults(caught)} == {"required_with_new_address"}
    fresh = update(stored, token_url="https://evil.example.org/token", credentials=CREDENTIALS["oneroster"])
    assert fresh.token_url == "https://evil.example.org/token"


def pictures(**changes: Any) -> dict[str, Any]:
    """What an integration of pictures only says."""
    return {"pictures_only": True, "mappings": {"building": "map_building"}, **changes}


def test_pictures_only_needs_name_address_token_and_building() -> None:
    made = create("aeries", **pictures())
    assert made.pictures_only
    assert made.mappings == {"building": "map_building"}
    assert (made.member_types, made.family_identifier) == (("student",), ())
    again = update(made, **pictures(name="Other", member_types=["student"], family_identifier=[]))
    assert (again.name, again.member_types) == ("Other", ("student",))
    with pytest.raises(ValidationError):
        create("aeries", **pictures(mappings={}))


def test_pictures_and_people_of_one_server_share_their_source() -> None:
    people = create("aeries")
    assert create("aeries", siblings=[people], **pictures()).source == people.source


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *(
            ({"mappings": {"building": "map_building", entity: f"map_{entity}"}}, f"mappings.{entity}")
            for entity in ENTITIES[1:]
        ),
        ({"family_identifier": ["family_key"]}, "family_identifier"),
        ({"primary_enrollment_codes": [""]}, "primary_enrollment_codes"),
        ({"alternate_enrollment_codes": ["A"]}, "alternate_enrollment_codes"),
        ({"use_local_id_as_pin": True}, "use_local_id_as_pin"),
        ({"use_contact_record": True}, "use_contact_record"),
        ({"use_change_feed": True}, "use_change_feed"),
        ({"enrollment_code_field": "AttendanceProgramCodeAdditional1"}, "enrollment_code_field"),
        ({"destinations": ["media"]}, "destinations"),
        ({"host_id_letters": {"student": "X"}}, "host_id_letters"),
        ({"login_types": ["student"]}, "login_types"),
        ({"returning_school": True}, "returning_school"),
        ({"drop_students_not_in_file": True}, "drop_students_not_in_file"),
        ({"member_types": ["student", "staff", "contact"]}, "member_types"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pictures_only_refuses_what_it_would_ignore(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        create("aeries", **pictures(**changes))
    assert faults(caught) == {(field, "not_with_pictures_only")}


def test_every_field_of_aeries_is_chosen_or_refused_with_pictures_only() -> None:
    """Guards: a new field that pictures silently ignore."""
    form = SYSTEMS["aeries"].form.model_fields
    said = {"name", "system", "url", "credentials", "mappings", "pictures_only"}
    assert set(form) - said == {
        "use_change_feed",
        "enrollment_code_field",
        "destinations",
        "host_id_letters",
        "login_types",
        "returning_school",
        "family_identifier",
        "primary_enrollment_codes",
        "alternate_enrollment_codes",
        "use_local_id_as_pin",
        "use_contact_record",
        "drop_students_not_in_file",
        "member_types",
    }


def test_people_and_pictures_are_for_good() -> None:
    """Guards: people left behind by their integration, whom nobody ends any more."""
    for stored, changes in [(create("aeries"), pictures()), (create("aeries", **pictures()), {})]:
        with pytest.raises(Invalid) as caught:
            update(stored, **changes)
        assert faults(caught) == {("pictures_only", "cannot_change")}
