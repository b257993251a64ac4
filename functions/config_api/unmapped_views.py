"""What the API answers about unmapped values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from config_api.brief_views import BriefView, brief_view
from config_api.listing import Page
from config_api.views import View
from rollcall.domain.mapping import Entity
from rollcall.domain.person import Severity
from rollcall.domain.plan import StoredPerson
from rollcall.domain.suggest import Proposal
from rollcall.domain.unmapped import UnmappedValue


class ProposalView(View):
    """One of our values that may be meant; ``confidence`` goes from 0 to 100."""

    value: str
    confidence: int
    why: str


class UnmappedView(View):
    """A value of the SIS that the integration's mapping of ``entity`` has no entry for."""

    entity: Entity
    mapping_id: str
    value: str
    label: str | None = Field(description="What the SIS calls the value, where it says")
    severity: Severity = Field(description="An error keeps people out; a warning only loses them the value")
    count: int = Field(description="How many people have it")
    samples: list[str] = Field(description="Ids of some of them, five at most")
    people: list[BriefView] = Field(description="Those of the samples who are loaded")
    whole_school: bool = Field(
        description="A school that the last pull left out, so its people are not counted here; "
        "once it is mapped, a sync reads it"
    )
    first_run: str
    last_run: str
    suggestions: list[ProposalView]


class UnmappedPage(Page[UnmappedView]):
    """Unmapped values as the last completed run, ``run_id``, left them, without those answered since.

    ``total``: how many fit what was asked for, on all pages. ``cut``: there are more than are kept; those that fewest
    people have are left out.
    """

    run_id: str | None
    total: int
    cut: bool


def unmapped_view(
    value: UnmappedValue,
    mapping_id: str,
    run_id: str,
    proposals: Sequence[Proposal],
    people: Mapping[str, StoredPerson],
) -> UnmappedView:
    """A value as run ``run_id`` left it. ``people`` are those of its samples who are loaded, by id."""
    return UnmappedView(
        entity=value.entity,
        mapping_id=mapping_id,
        value=value.value,
        label=value.label,
        severity=value.severity,
        count=value.count,
        samples=value.samples,
        people=[brief_view(people[sample]) for sample in value.samples if sample in people],
        whole_school=value.whole_school,
        first_run=value.first_run,
        last_run=run_id,
        suggestions=[ProposalView(value=p.value, confidence=p.confidence, why=p.why) for p in proposals],
    )
