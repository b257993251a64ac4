"""Mail through SNS: one topic for each district, and one subscription for each address on its list.

A subscription lets through only what names its address, so who is told of what is decided when a mail is sent, and an
address that was taken off the list while its owner had not agreed yet never gets anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from rollcall.domain.notification import Mail
from rollcall.store.aws import translated

_WHAT = "mail service"


class SnsMailing:
    """The ``Mailing`` port. ``topics`` is what the ARN of every district's topic begins with."""

    def __init__(self, client: Any, topics: str) -> None:
        self._client = client
        self._topics = topics

    def keep(self, district_id: str, emails: Sequence[str]) -> None:
        topic = self._topic(district_id)
        wanted = {email.lower(): email for email in emails}
        with translated(_WHAT):
            self._client.create_topic(Name=topic.rpartition(":")[2])
            known = self._subscriptions(topic)
            for address in wanted.keys() - known.keys():
                self._client.subscribe(
                    TopicArn=topic,
                    Protocol="email",
                    Endpoint=wanted[address],
                    Attributes={"FilterPolicy": json.dumps({"to": [_name(address)]})},
                )
            for address in known.keys() - wanted.keys():
                if _agreed(known[address]):
                    self._client.unsubscribe(SubscriptionArn=known[address])

    def agreed(self, district_id: str) -> set[str]:
        with translated(_WHAT):
            try:
                known = self._subscriptions(self._topic(district_id))
            except self._client.exceptions.NotFoundException:
                return set()
        return {address for address, arn in known.items() if _agreed(arn)}

    def send(self, mail: Mail) -> None:
        attributes = {
            "to": ("String.Array", json.dumps([_name(email.lower()) for email in mail.recipients])),
            "severity": ("String", mail.severity),
            "district_id": ("String", mail.district_id),
        }
        with translated(_WHAT):
            try:
                self._client.publish(
                    TopicArn=self._topic(mail.district_id),
                    Subject=mail.subject,
                    Message=mail.text,
                    MessageAttributes={
                        name: {"DataType": kind, "StringValue": value}
                        for name, (kind, value) in attributes.items()
                    },
                )
            except self._client.exceptions.NotFoundException:
                # Without a topic nobody can have agreed.
                return

    def _topic(self, district_id: str) -> str:
        return f"{self._topics}{district_id}"

    def _subscriptions(self, topic: str) -> dict[str, str]:
        """The ARN of each subscription, or what SNS says instead, by address."""
        pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return {
            found["Endpoint"].lower(): found["SubscriptionArn"]
            for page in pages
            for found in page["Subscriptions"]
        }


def _agreed(arn: str) -> bool:
    return arn.startswith("arn:")


def _name(address: str) -> str:
    """What stands for an address in policies and messages."""
    return hashlib.blake2b(address.encode(), digest_size=12).hexdigest()
