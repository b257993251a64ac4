"""Who is told of what happens in a district."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from config_api.api import Api
from config_api.audited import audited
from config_api.once import IfMatch, check_version
from config_api.views import NotificationsView, notifications_view
from rollcall.domain.audit import Action
from rollcall.domain.notification import NotificationForm, Notifications, apply_form


class NotificationUpdate(NotificationForm):
    """Who is told, written anew; ``version`` is the one that was read, left out the first time."""

    version: int | None = None


def register(api: Api) -> None:
    """Declare the routes."""
    parts = api.parts

    # Addresses of staff are nothing that everybody who may look need see.
    @api.route(
        "GET",
        "/v1/districts/<district_id>/notifications",
        "Who is told of what, and who has agreed to it",
        right="admin",
    )
    def read_notifications(district_id: str) -> NotificationsView:
        return _shown(parts.config.notifications(district_id))

    @api.route(
        "PUT",
        "/v1/districts/<district_id>/notifications",
        "Say who is told of what; new addresses are asked by mail whether they agree",
        right="admin",
    )
    def write_notifications(
        district_id: str, form: Annotated[NotificationUpdate, Body()], if_match: IfMatch = None
    ) -> NotificationsView:
        stored = parts.config.notifications(district_id)
        if stored.version:
            check_version(stored.version, if_match, form.version)
        now = parts.clock.now()
        wanted = apply_form(district_id, form, stored, api.district.time_zone, now)
        what: Action = "notifications.changed" if stored.version else "notifications.created"
        before = stored if stored.version else None
        audit = audited(api, district_id, what, district_id, now, before, wanted)
        parts.config.put_notifications(wanted, audit)
        # After the write, which somebody else may have won. Should this fail, the next write makes up for it.
        parts.mailing.keep(district_id, [recipient.email for recipient in wanted.recipients])
        return _shown(wanted)

    def _shown(notifications: Notifications) -> NotificationsView:
        return notifications_view(notifications, parts.mailing.agreed(notifications.district_id))
