import pytest

from tests.support.exports import Office, small_district


@pytest.fixture
def office() -> Office:
    """One who serves the small district."""
    office = Office()
    office.people.put_many(small_district())
    return office
