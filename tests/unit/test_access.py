"""Rights from groups."""

import pytest

from rollcall.domain.access import Access


@pytest.mark.parametrize(
    ("groups", "viewer", "operator", "admin"),
    [
        ([], False, False, False),
        (["lakeview/viewer"], True, False, False),
        (["lakeview/operator"], True, True, False),
        (["lakeview/admin"], True, True, True),
        (["*/admin"], True, True, True),
        (["*/viewer"], False, False, False),
        (["*/operator"], False, False, False),
        (["hilltop/admin"], False, False, False),
        (["lakeview"], False, False, False),
        (["lakeview/"], False, False, False),
        (["/admin"], False, False, False),
        (["lakeview/Admin"], False, False, False),
        (["lakeview/admin/viewer"], False, False, False),
        (["lakeview/owner", "lakeview/viewer"], True, False, False),
        (["hilltop/admin", "lakeview/viewer"], True, False, False),
    ],
)
def test_rights(groups: list[str], viewer: bool, operator: bool, admin: bool) -> None:
    access = Access.of(groups)
    assert [access.may("lakeview", right) for right in ("viewer", "operator", "admin")] == [
        viewer,
        operator,
        admin,
    ]


def test_only_the_platform_group_is_the_platform() -> None:
    assert Access.of(["*/admin"]).platform
    assert not Access.of(["lakeview/admin", "*/viewer"]).platform
