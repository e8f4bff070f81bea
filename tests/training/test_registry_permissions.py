"""Permissions and the audit log: by whose leave, and by whose hand."""

from collections.abc import Generator
from typing import Any

import pytest

from tests.training.registry_kit import actions
from training.place import Place
from training.registry import Registry, RegistryError, open_registry

DISCORD = ("discord", "123", "ticket 7", "Discord", "ana", 1.0)


@pytest.fixture
def registry(place: Place) -> Generator[Registry]:
    with open_registry(place) as registry:
        yield registry


def test_a_permission_is_kept_as_it_was_given(registry: Registry) -> None:
    everywhere = registry.permit("discord", "*", "letter of 3 May", "Discord", "ana", 1.0)
    ours = registry.permit("slack", "T1", "board minutes", "Mia, owner", "ana", 2.0, until=99.0)
    assert registry.permissions() == [everywhere, ours]
    assert registry.permission(ours.id[:12]) == ours
    assert ours.id.startswith("permit-")
    assert (everywhere.workspace, everywhere.until) == ("*", None)
    assert (ours.platform, ours.workspace, ours.reference, ours.granted_by) == (
        "slack",
        "T1",
        "board minutes",
        "Mia, owner",
    )
    assert (ours.recorded_by, ours.recorded_at, ours.until) == ("ana", 2.0, 99.0)


def test_a_withdrawn_permission_stands_no_more_but_can_be_traced(registry: Registry) -> None:
    permission = registry.permit("discord", "123", "ticket 7", "Discord", "ana", 1.0)
    withdrawn = registry.withdraw(permission.id, "bo", 5.0)
    assert registry.permissions() == []
    assert registry.permission(permission.id) == withdrawn
    assert withdrawn.withdrawn_at == 5.0
    with pytest.raises(RegistryError, match="was withdrawn before"):
        registry.withdraw(permission.id, "bo", 6.0)
    assert actions(registry) == ["permit", "withdraw permission"]


@pytest.mark.parametrize(
    ("part", "value", "why"),
    [
        (0, "slack", "name the Slack workspace's id"),
        (0, "web", "from discord or slack, not 'web'"),
        (1, " ", "lacks its workspace"),
        (2, "", "lacks its reference"),
        (3, "", "lacks its granted by"),
    ],
)
def test_a_permission_that_nobody_could_check_is_refused(registry: Registry, part: int, value: str, why: str) -> None:
    given: list[Any] = ["discord", "*", *DISCORD[2:]]
    given[part] = value
    with pytest.raises(RegistryError, match=why):
        registry.permit(*given)
    assert registry.permissions() == []


def test_a_permission_that_is_over_already_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="over already"):
        registry.permit("slack", "T1", "minutes", "Mia", "ana", 10.0, until=10.0)


def test_an_unknown_permission_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no permission 'permit-00'"):
        registry.withdraw("permit-00", "bo", 5.0)


def test_the_audit_log_keeps_what_was_done_elsewhere_newest_first(registry: Registry) -> None:
    for number in range(3):
        registry.audit("ana", float(number), "export", f"dataset {number}", "to a folder")
    lines = registry.audit_log(2)
    assert [(line.at, line.subject) for line in lines] == [(2.0, "dataset 2"), (1.0, "dataset 1")]
    assert (lines[0].by, lines[0].action, lines[0].detail) == ("ana", "export", "to a folder")
    assert lines[0].seq > lines[1].seq


def test_what_is_refused_leaves_no_line_in_the_audit_log(registry: Registry) -> None:
    with pytest.raises(RegistryError):
        registry.rollback("ana", 1.0)
    with pytest.raises(RegistryError):
        registry.want_cancel("run-00", "ana", 1.0)
    assert registry.audit_log() == []
