"""Who is told of what, over HTTP."""

from typing import Any

import pytest

from tests.support.aws import client as aws_client

from .conftest import Client

PATH = "/v1/districts/lakeview/notifications"


def recipient(email: str = "it@lakeview.example.org", **fields: Any) -> dict[str, Any]:
    return {"email": email, "severities": ["error", "critical"], "digest": "none", **fields}


def test_before_anybody_has_said_nobody_is_told(client: Client) -> None:
    assert client.get(PATH).json == {
        "recipients": [],
        "failures_in_a_row": 3,
        "digest_at": "06:00",
        "next_digest_at": None,
        "version": 0,
    }


def test_who_is_told_is_written_and_read(client: Client) -> None:
    form = {"recipients": [recipient(), recipient("head@example.org", severities=["info"], digest="daily")]}
    written = client.put(PATH, {**form, "failures_in_a_row": 5, "digest_at": "07:30"})
    assert written.status == 200
    assert written.json == client.get(PATH).json
    assert [found["agreed"] for found in written.json["recipients"]] == [True, True], "moto agrees at once"
    assert (written.json["version"], written.json["next_digest_at"]) == (1, "2026-11-22T13:30:00Z")
    topics = [topic["TopicArn"].rpartition(":")[2] for topic in aws_client("sns").list_topics()["Topics"]]
    assert topics == ["rollcall-district-lakeview"]


def test_an_address_that_is_left_out_gets_no_more_mail(client: Client) -> None:
    client.put(PATH, {"recipients": [recipient(), recipient("head@example.org")]})
    assert client.put(PATH, {"recipients": [recipient("head@example.org")], "version": 1}).status == 200
    found = aws_client("sns").list_subscriptions()["Subscriptions"]
    assert [subscription["Endpoint"] for subscription in found] == ["head@example.org"]


def test_only_what_was_read_is_changed(client: Client) -> None:
    client.put(PATH, {"recipients": [recipient()]})
    assert client.put(PATH, {"recipients": []}).status == 422
    assert client.put(PATH, {"recipients": [], "version": 0}).status == 409
    assert client.put(PATH, {"recipients": []}, headers={"If-Match": "1"}).status == 200


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"recipients": [recipient("it@lakeview")]}, ("recipients.0.email", "wrong_format")),
        ({"recipients": [recipient(), recipient()]}, ("recipients.1", "duplicate")),
        ({"recipients": [recipient(severities=[])]}, ("recipients.0.severities", "too_short")),
        ({"recipients": [recipient(severities=["fatal"])]}, ("recipients.0.severities.0", "not_allowed")),
        ({"recipients": [recipient(f"a{n}@example.org") for n in range(51)]}, ("recipients", "too_long")),
        ({"recipients": [], "failures_in_a_row": 1}, ("failures_in_a_row", "too_small")),
        ({"recipients": [], "digest_at": "6"}, ("digest_at", "wrong_format")),
    ],
)
def test_what_makes_no_sense_is_refused(client: Client, form: dict, fault: tuple) -> None:
    answer = client.put(PATH, form)
    assert (answer.status, answer.faults()) == (422, {fault})
    assert aws_client("sns").list_topics()["Topics"] == []
