"""Forms to test before they are complete: a new integration's, of which only address and credentials are needed."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from pydantic import create_model

from rollcall.domain.form import Form, Name
from rollcall.domain.forms import AnyNew, MappingId
from rollcall.domain.systems import SYSTEMS

UNNAMED = "Connection test"


def _trial(form: type[AnyNew]) -> Any:
    """The form of a system in which name and mappings may be left out. What it does not know it still refuses."""
    title = form.__name__.removesuffix("Form")
    known = form.model_fields["mappings"].annotation
    entities = known.model_fields if isinstance(known, type) and issubclass(known, Form) else {}
    fields: dict[str, Any] = dict.fromkeys(entities, (MappingId | None, None))
    mappings = create_model(f"{title}TrialMappings", __base__=Form, **fields)
    return create_model(
        f"{title}Trial",
        __base__=form,
        __doc__=f"{form.__doc__} To be tested before it is complete.",
        name=(Name, UNNAMED),
        mappings=(mappings, mappings()),
    )


if TYPE_CHECKING:
    AnyTrial = AnyNew
else:
    # Made from the forms, so that a system that is added can be tested at once.
    AnyTrial = reduce(or_, (_trial(spec.form) for spec in SYSTEMS.values()))
