"""The forms of integrations: what an administrator writes, told apart by ``system``.

What a form holds differs by system, so the write model is a union.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import InitErrorDetails

from rollcall.domain.destinations import Destination
from rollcall.domain.form import Form, Name, written
from rollcall.domain.media import LETTERS, LOGIN_TYPES
from rollcall.domain.person import PERSON_TYPES, PersonType
from rollcall.domain.url import MAX_LENGTH

FamilyField = Literal["hoh_first_name", "hoh_last_name", "hoh_home_phone", "household_home_address"]


Authentication = Literal["oauth2", "oauth1"]


Delivery = Literal["rest", "csv"]


AeriesFamilyField = Literal[FamilyField, "family_key"]


EnrollmentCodeField = Literal[
    "AttendanceProgramCodePrimary", "AttendanceProgramCodeAdditional1", "AttendanceProgramCodeAdditional2"
]


Secret = Annotated[SecretStr, Field(min_length=1, max_length=1000, description="Write-only")]


MappingId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


EnrollmentCodes = Annotated[
    list[Annotated[str, StringConstraints(max_length=20)]],
    Field(max_length=100, description="Program codes; an empty text stands for students without one"),
]


Letters = Annotated[
    str,
    StringConstraints(max_length=5),
    *written("[A-Za-z0-9_-]*", "Use letters, digits, hyphens and underscores only."),
]


class PowerSchoolSecrets(Form):
    """OAuth client of the plugin; what is left out stays as it is."""

    consumer_token: Secret | None = None
    consumer_secret: Secret | None = None


class PowerSchoolCredentials(PowerSchoolSecrets):
    """OAuth client of the plugin, as its page in PowerSchool shows it."""

    consumer_token: Secret
    consumer_secret: Secret


class AeriesSecrets(Form):
    """API certificate; left out, it stays as it is."""

    token: Secret | None = None


class AeriesCredentials(AeriesSecrets):
    """API certificate, as Aeries' security page shows it."""

    token: Secret


class IlluminateSecrets(Form):
    """Access keys of the application and of one user; what is left out stays as it is."""

    consumer_token: Secret | None = None
    consumer_secret: Secret | None = None
    user_token: Secret | None = None
    user_secret: Secret | None = None


class IlluminateCredentials(IlluminateSecrets):
    """Access keys of the application and of the user whose permissions say what is seen."""

    consumer_token: Secret
    consumer_secret: Secret
    user_token: Secret
    user_secret: Secret


class OneRosterSecrets(Form):
    """OneRoster client id and secret; what is left out stays as it is."""

    consumer_token: Secret | None = None
    consumer_secret: Secret | None = None


class OneRosterCredentials(OneRosterSecrets):
    """OneRoster client id and secret (OAuth 2), consumer key and secret (OAuth 1.0a), or user name and password of the
    place that CSV files are fetched from.
    """

    consumer_token: Secret
    consumer_secret: Secret


class Mappings(Form):
    """The mapping that translates each entity. The building mapping also says which schools are pulled."""

    building: MappingId
    ethnicity: MappingId
    grade_level: MappingId
    race: MappingId
    state: MappingId
    gender: MappingId
    language: MappingId
    relationship: MappingId


class PowerSchoolQueryMappings(Mappings):
    """Allergies are free text in PowerSchool; without a mapping they are kept as they were typed."""

    allergy: MappingId | None = None


class AeriesMappings(Form):
    """Aeries keeps one database per year, which the academic year names. Pictures alone need only the building; an
    integration of people needs all.
    """

    building: MappingId
    ethnicity: MappingId | None = None
    grade_level: MappingId | None = None
    race: MappingId | None = None
    state: MappingId | None = None
    gender: MappingId | None = None
    language: MappingId | None = None
    relationship: MappingId | None = None
    academic_year: MappingId | None = None


class HostIdLetters(Form):
    """Letters before the number of each member type; blank for none."""

    student: Letters = LETTERS["student"]
    staff: Letters = LETTERS["staff"]
    contact: Letters = LETTERS["contact"]


class CommonFields(Form):
    """What every system's form has, except what differs in kind."""

    name: Name
    url: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)]
    drop_students_not_in_file: bool = Field(
        default=False, description="End the enrollment of students that the SIS no longer sends"
    )
    member_types: Annotated[list[PersonType], Field(min_length=1, max_length=3)] = Field(
        default_factory=lambda: list(PERSON_TYPES)
    )
    destinations: Annotated[list[Destination], Field(min_length=1, max_length=2)] = Field(
        default_factory=lambda: list[Destination](("nutrition",))
    )
    host_id_letters: HostIdLetters = HostIdLetters()
    login_types: Annotated[list[PersonType], Field(max_length=3)] = Field(
        default_factory=lambda: list(LOGIN_TYPES)
    )
    returning_school: bool = False


class PowerSchoolFields(CommonFields):
    """PowerSchool over its REST API."""

    system: Literal["powerschool"]
    mappings: Mappings
    family_identifier: Annotated[list[FamilyField], Field(max_length=4)] = Field(default_factory=list)


class PowerSchoolQueryFields(CommonFields):
    """PowerSchool over the PowerQueries of our plugin."""

    system: Literal["powerschool_query"]
    mappings: PowerSchoolQueryMappings
    family_identifier: Annotated[list[FamilyField], Field(max_length=4)] = Field(default_factory=list)


OF_PICTURES = frozenset(
    {"name", "system", "url", "credentials", "mappings", "pictures_only", "active", "version"}
)
"""The fields of an integration that brings pictures only."""


def _all_mappings_unless_pictures_only(schema: dict[str, Any]) -> None:
    """JSON Schema for what the model cannot say."""
    entities = list(AeriesMappings.model_fields)
    others = {entity: {"const": None} for entity in entities if entity != "building"}
    unused = {
        name: {"const": part["default"]} if "default" in part else {"maxItems": 0}
        for name, part in schema["properties"].items()
        if name not in OF_PICTURES
    }
    unused |= {"member_types": {"const": ["student"]}, "mappings": {"properties": others}}
    schema["if"] = {"properties": {"pictures_only": {"const": True}}, "required": ["pictures_only"]}
    schema["then"] = {"properties": unused}
    schema["else"] = {"properties": {"mappings": {"required": entities}}}


class AeriesFields(CommonFields):
    """Aeries."""

    model_config = ConfigDict(json_schema_extra=_all_mappings_unless_pictures_only)

    system: Literal["aeries"]
    pictures_only: bool = Field(
        default=False,
        description="Bring photos to students whom another integration of the same server brings. "
        "Only name, address, token and building mapping are chosen then, and it stays so for good",
    )
    mappings: AeriesMappings
    family_identifier: Annotated[list[AeriesFamilyField], Field(max_length=5)] = Field(default_factory=list)
    primary_enrollment_codes: EnrollmentCodes = Field(default_factory=list)
    alternate_enrollment_codes: EnrollmentCodes = Field(default_factory=list)
    enrollment_code_field: EnrollmentCodeField = Field(
        default="AttendanceProgramCodePrimary",
        description="The field of the student row that holds the enrollment codes of both lists",
    )
    use_local_id_as_pin: bool = Field(default=False, description="Set the POS ID to the local ID")
    use_contact_record: bool = Field(
        default=False, description="Take families from Contacts, not the student row"
    )
    use_change_feed: bool = Field(
        default=False,
        description="Ask only for students who changed; everybody is read once a week, which also finds who is gone",
    )

    @field_validator("mappings")
    @classmethod
    def _all_unless_pictures_only(cls, mappings: Form, info: ValidationInfo) -> Form:
        """The same faults as where a mapping is required by its model. A form on trial has a model of its own."""
        if not isinstance(mappings, AeriesMappings):
            return mappings
        missing = (
            [] if info.data.get("pictures_only") else [entity for entity, chosen in mappings if not chosen]
        )
        if missing:
            faults = [InitErrorDetails(type="missing", loc=(entity,), input=None) for entity in missing]
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return mappings


class IlluminateFields(CommonFields):
    """Illuminate over its REST API."""

    system: Literal["illuminate"]
    mappings: Mappings
    family_identifier: Annotated[list[FamilyField], Field(max_length=4)] = Field(default_factory=list)


class SchoolToolFields(CommonFields):
    """SchoolTool by way of its OneRoster service."""

    system: Literal["schooltool"]
    mappings: Mappings
    family_identifier: Annotated[list[FamilyField], Field(max_length=4)] = Field(default_factory=list)


class OneRosterFields(CommonFields):
    """Any SIS with a OneRoster 1.1 or 1.2 service, where the version stands at the end of the address, or one that
    exports the CSV files of either version as a zip.
    """

    system: Literal["oneroster"]
    mappings: Mappings
    family_identifier: Annotated[list[FamilyField], Field(max_length=4)] = Field(default_factory=list)
    delivery: Delivery = Field(
        default="rest", description="A REST service, or a zip of CSV files whose address the URL is"
    )
    authentication: Authentication = Field(
        default="oauth2", description="OAuth 2 client credentials, or OAuth 1.0a (OneRoster 1.1 only)"
    )
    token_url: Annotated[str, StringConstraints(max_length=MAX_LENGTH)] = Field(
        default="", description="Where OAuth 2 tokens are given; blank is /token under the address"
    )


class PowerSchoolForm(PowerSchoolFields):
    """A new PowerSchool integration."""

    credentials: PowerSchoolCredentials


class PowerSchoolQueryForm(PowerSchoolQueryFields):
    """A new PowerSchool Query integration."""

    credentials: PowerSchoolCredentials


class AeriesForm(AeriesFields):
    """A new Aeries integration."""

    credentials: AeriesCredentials


class IlluminateForm(IlluminateFields):
    """A new Illuminate integration."""

    credentials: IlluminateCredentials


class SchoolToolForm(SchoolToolFields):
    """A new SchoolTool integration. It may be made before the client id and secret are known."""

    credentials: OneRosterSecrets = OneRosterSecrets()


class OneRosterForm(OneRosterFields):
    """A new OneRoster integration."""

    credentials: OneRosterCredentials


class PowerSchoolUpdate(PowerSchoolFields):
    """An existing PowerSchool integration, written anew; secrets that are left out stay as they are."""

    credentials: PowerSchoolSecrets = PowerSchoolSecrets()
    active: bool | None = None
    version: int | None = None


class PowerSchoolQueryUpdate(PowerSchoolQueryFields):
    """An existing PowerSchool Query integration, written anew; secrets that are left out stay as they are."""

    credentials: PowerSchoolSecrets = PowerSchoolSecrets()
    active: bool | None = None
    version: int | None = None


class AeriesUpdate(AeriesFields):
    """An existing Aeries integration, written anew; secrets that are left out stay as they are."""

    credentials: AeriesSecrets = AeriesSecrets()
    active: bool | None = None
    version: int | None = None


class IlluminateUpdate(IlluminateFields):
    """An existing Illuminate integration, written anew; secrets that are left out stay as they are."""

    credentials: IlluminateSecrets = IlluminateSecrets()
    active: bool | None = None
    version: int | None = None


class SchoolToolUpdate(SchoolToolFields):
    """An existing SchoolTool integration, written anew; secrets that are left out stay as they are."""

    credentials: OneRosterSecrets = OneRosterSecrets()
    active: bool | None = None
    version: int | None = None


class OneRosterUpdate(OneRosterFields):
    """An existing OneRoster integration, written anew; secrets that are left out stay as they are."""

    credentials: OneRosterSecrets = OneRosterSecrets()
    active: bool | None = None
    version: int | None = None


AnyNew = PowerSchoolForm | PowerSchoolQueryForm | AeriesForm | IlluminateForm | SchoolToolForm | OneRosterForm


AnyUpdate = (
    PowerSchoolUpdate
    | PowerSchoolQueryUpdate
    | AeriesUpdate
    | IlluminateUpdate
    | SchoolToolUpdate
    | OneRosterUpdate
)


AnyForm = AnyNew | AnyUpdate


IntegrationForm = Annotated[AnyNew, Field(discriminator="system")]


IntegrationUpdate = Annotated[AnyUpdate, Field(discriminator="system")]
