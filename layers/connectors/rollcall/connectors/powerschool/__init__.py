"""PowerSchool over its REST API: core resources of ``/ws/v1`` and the contacts API."""
