"""What the integration form says: the order of its fields, their labels, and help for who fills them in.

Fields are named by path, such as ``mappings.building``. Labels and order are those of the screen that Rollcall's users
know; help says what no label can, and may differ by system.
"""

from __future__ import annotations

from collections.abc import Mapping

ORDER = (
    "name",
    "system",
    "url",
    "delivery",
    "authentication",
    "token_url",
    "credentials.consumer_token",
    "credentials.consumer_secret",
    "credentials.token",
    "credentials.user_token",
    "credentials.user_secret",
    "pictures_only",
    "mappings.academic_year",
    "mappings.building",
    "mappings.ethnicity",
    "mappings.grade_level",
    "mappings.race",
    "mappings.state",
    "mappings.gender",
    "mappings.language",
    "mappings.relationship",
    "mappings.allergy",
    "family_identifier",
    "primary_enrollment_codes",
    "alternate_enrollment_codes",
    "enrollment_code_field",
    "use_local_id_as_pin",
    "use_contact_record",
    "use_change_feed",
    "member_types",
    "destinations",
    "host_id_letters.student",
    "host_id_letters.staff",
    "host_id_letters.contact",
    "login_types",
    "returning_school",
    "drop_students_not_in_file",
    "active",
    "version",
)

LABELS: Mapping[str, str] = {
    "name": "Name",
    "system": "Student Information System",
    "url": "Url",
    "delivery": "Delivery",
    "authentication": "Authentication",
    "token_url": "Token Url",
    "credentials.consumer_token": "Consumer Token",
    "credentials.consumer_secret": "Consumer Secret",
    "credentials.token": "Token",
    "credentials.user_token": "User Token",
    "credentials.user_secret": "User Secret",
    "pictures_only": "Pictures Only",
    "mappings.academic_year": "Academic Year",
    "mappings.building": "Building",
    "mappings.ethnicity": "Ethnicity",
    "mappings.grade_level": "Grade Level",
    "mappings.race": "Race",
    "mappings.state": "State",
    "mappings.gender": "Gender",
    "mappings.language": "Language",
    "mappings.relationship": "Relationship",
    "mappings.allergy": "Allergy",
    "family_identifier": "Family Identifier",
    "primary_enrollment_codes": "Primary Enrollment Codes",
    "alternate_enrollment_codes": "Alternate Enrollment Codes",
    "enrollment_code_field": "Enrollment Code Field",
    "use_local_id_as_pin": "Use Local ID as Pin",
    "use_contact_record": "Use Contact Record",
    "use_change_feed": "Use Change Feed",
    "member_types": "Member Types",
    "destinations": "Destinations",
    "host_id_letters.student": "Student Letters",
    "host_id_letters.staff": "Staff Letters",
    "host_id_letters.contact": "Parent Letters",
    "login_types": "Who Signs In",
    "returning_school": "Returning School",
    "drop_students_not_in_file": "Drop Students Not In File",
    "active": "Active",
    "version": "Version",
}

HELP: Mapping[str, str] = {
    "name": "What this integration is called in lists, runs and mails.",
    "system": "The system that students are read from. It cannot be changed later.",
    "url": "Address of the server.",
    "delivery": "A web service that is asked, or a zip of CSV files that is fetched.",
    "authentication": "How the service is signed in to. OAuth 1.0a is for OneRoster 1.1 only.",
    "token_url": "Where OAuth 2 tokens are given. Blank: /token under the address.",
    "credentials.consumer_token": "Id of the client that the SIS's administrator made for Rollcall.",
    "credentials.consumer_secret": "Secret of that client. It can be replaced, but never read again.",
    "credentials.token": "It can be replaced, but never read again.",
    "credentials.user_token": "Access token of the user whose permissions say what is seen.",
    "credentials.user_secret": "Secret of that access token. It can be replaced, but never read again.",
    "pictures_only": "Read photos only, for students that another integration of the same server supplies.",
    "mappings.academic_year": "Which of the SIS's years stands for the district's school year.",
    "mappings.building": "Schools as the SIS numbers them. A school that is not in it is not read.",
    "mappings.ethnicity": "What stands for each ethnicity code.",
    "mappings.grade_level": "What stands for each grade. A student whose grade is not in it is left out.",
    "mappings.race": "What stands for each race code.",
    "mappings.state": "What stands for each state in addresses.",
    "mappings.gender": "What stands for each gender code.",
    "mappings.language": "What stands for each language code.",
    "mappings.relationship": "What stands for each tie between a contact and a student.",
    "mappings.allergy": "What stands for each item of the allergy text. Without it the text is kept as typed.",
    "family_identifier": "Students who have all of these in common are one family. Blank values never match.",
    "primary_enrollment_codes": "Codes of the enrollment that makes a school the home building; "
    "an empty one stands for students without a code.",
    "alternate_enrollment_codes": "Codes of enrollments in further buildings. With any code entered, other "
    "enrollments are left out.",
    "enrollment_code_field": "The field of the student's row that holds these codes.",
    "use_local_id_as_pin": "Set the POS ID, which students key in, to the local ID.",
    "use_contact_record": "Take head of household and phones from Contacts, not from the student's row.",
    "use_change_feed": "Ask only for who changed, and for everybody once a week. Only the full read can find leavers.",
    "member_types": "Whom to read: students, staff, contacts.",
    "destinations": "The applications that get these people; each gets only what it may know.",
    "host_id_letters.student": "Put before a student's number to make the host ID. Blank for none.",
    "host_id_letters.staff": "Put before the number of a member of staff to make the host ID. Blank for none.",
    "host_id_letters.contact": "Put before a parent's number to make the host ID. Blank for none.",
    "login_types": "Who signs in to the media application, and so needs an e-mail address.",
    "returning_school": "The school has accounts in the media application already; the first sync waits until "
    "they are matched.",
    "drop_students_not_in_file": "End the enrollment of students that the SIS no longer sends. "
    "Nobody is deleted, and an incomplete read never ends anything.",
    "active": "An inactive integration is not run and shows only when asked for.",
    "version": "The version that this change was made from; another change in between is refused.",
}

SYSTEM_HELP: Mapping[str, Mapping[str, str]] = {
    "powerschool": {
        "url": "Address of the PowerSchool server, such as https://ps.example.org.",
        "credentials.consumer_token": "Client ID that PowerSchool shows when the plugin is enabled.",
        "credentials.consumer_secret": "Client Secret beside it. It can be replaced, but never read again.",
    },
    "powerschool_query": {
        "url": "Address of the PowerSchool server, such as https://ps.example.org.",
        "credentials.consumer_token": "Client ID that PowerSchool shows when our plugin is enabled.",
        "credentials.consumer_secret": "Client Secret beside it. It can be replaced, but never read again.",
    },
    "aeries": {
        "url": "Address of the login page up to its last slash, such as https://sis.example.org/aeries.",
        "credentials.token": "Certificate of 32 characters from Security > API Security. "
        "It can be replaced, but never read again.",
    },
    "illuminate": {
        "url": "Address of the site, such as https://district.example.org/live.",
        "credentials.consumer_token": "Consumer key of the application.",
        "credentials.consumer_secret": "Consumer secret of the application. It can be replaced, but never read again.",
    },
    "schooltool": {
        "url": "Address of the OneRoster service, up to and with /ims/oneroster/v1p1.",
        "credentials.consumer_token": "OneRoster client ID; may be entered later.",
        "credentials.consumer_secret": "OneRoster client secret; may be entered later.",
    },
    "oneroster": {
        "url": "Address of the OneRoster service with its version at the end, or of the zip of CSV files.",
        "credentials.consumer_token": "Client ID, consumer key, or user name for the zip.",
        "credentials.consumer_secret": "Client secret, consumer secret, or password for the zip. "
        "It can be replaced, but never read again.",
    },
}

OPTIONS: Mapping[str, Mapping[str, str]] = {
    "family_identifier": {
        "family_key": "Family Key",
        "hoh_first_name": "Head of Household First Name",
        "hoh_last_name": "Head of Household Last Name",
        "hoh_home_phone": "Head of Household Home Phone",
        "household_home_address": "Household Home Address",
    },
    "member_types": {"student": "Students", "staff": "Staff", "contact": "Contacts"},
    "login_types": {"student": "Students", "staff": "Staff", "contact": "Contacts"},
    "destinations": {"nutrition": "School nutrition", "media": "School media"},
    "authentication": {"oauth2": "OAuth 2", "oauth1": "OAuth 1.0a"},
    "delivery": {"rest": "Web service", "csv": "Zip of CSV files"},
    "enrollment_code_field": {
        "AttendanceProgramCodePrimary": "Primary Program (STU.SP)",
        "AttendanceProgramCodeAdditional1": "Additional Program 1 (STU.AP1)",
        "AttendanceProgramCodeAdditional2": "Additional Program 2 (STU.AP2)",
    },
}

WARNINGS: Mapping[str, str] = {
    "drop_students_not_in_file": "Not recommended if several student imports are configured for the "
    "district, unless each brings its own students. Only students that this integration itself brought are "
    "ended, and unusually many of them wait for an approval.",
}

_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Connection": (
        *("name", "system", "url", "delivery", "authentication", "token_url", "credentials"),
        "pictures_only",
    ),
    "Code mappings": ("mappings",),
    "Families": ("family_identifier",),
    "Enrollment and contacts": (
        *("primary_enrollment_codes", "alternate_enrollment_codes", "enrollment_code_field"),
        *("use_local_id_as_pin", "use_contact_record", "use_change_feed"),
    ),
    "People and applications": (
        *("member_types", "destinations", "host_id_letters", "login_types", "returning_school"),
    ),
    "Leavers": ("drop_students_not_in_file",),
    "State": ("active", "version"),
}


def section_of(path: str) -> str:
    """The heading that a field stands under."""
    first = path.partition(".")[0]
    return next(title for title, fields in _SECTIONS.items() if first in fields)


def help_of(system: str, path: str) -> str:
    """The help for a field in the form of a system."""
    return SYSTEM_HELP.get(system, {}).get(path) or HELP[path]
