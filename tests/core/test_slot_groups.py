"""Slot groups, each by itself: what fails of one is left out, and who does not answer is waited for once."""

from collections.abc import Iterator

import pytest

from core.errors import UnavailableError
from core.infra import slot_groups
from core.infra.slot_groups import SlotGroup, for_each_group
from core.infra.slots import SLOTS
from tests.acting import run


@pytest.fixture
def groups(database: dict[str, str]) -> Iterator[None]:
    """Four groups, of every fourth slot each."""
    run(
        "INSERT INTO slot_groups SELECT slot, slot % 4 FROM generate_series(0, :last) AS slot", last=SLOTS - 1
    )
    slot_groups.forget_groups()
    yield
    run("DELETE FROM slot_groups")
    slot_groups.forget_groups()


def ask(
    failing: int, error: Exception, *, passing: type[Exception] | None = None, seconds: float = 0
) -> list[int]:
    """The numbers of the groups that were asked; one of them fails, after so many seconds."""
    asked: list[int] = []
    now = 0.0

    def run(group: SlotGroup) -> None:
        nonlocal now
        asked.append(group.number)
        if group.number == failing:
            now += seconds
            raise error

    for_each_group(run, passing=passing, clock=lambda: now)
    return asked


def test_one_database_is_one_group(database: dict[str, str]) -> None:
    assert for_each_group(lambda group: group) == [SlotGroup(0)]
    assert slot_groups.is_whole()
    with pytest.raises(UnavailableError):
        ask(0, UnavailableError("away"))


@pytest.mark.usefixtures("groups")
def test_groups_are_those_of_the_table() -> None:
    assert [group.number for group in slot_groups.list_groups()] == [0, 1, 2, 3]
    assert slot_groups.find_group(4094) == slot_groups.list_groups()[2]
    assert not slot_groups.is_whole()


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    "statement", ["DELETE FROM slot_groups WHERE slot = 7", "UPDATE slot_groups SET slot_group = 5"]
)
def test_a_table_with_gaps_is_refused(statement: str) -> None:
    run(statement)
    slot_groups.forget_groups()
    with pytest.raises(ValueError, match="slot_groups"):
        slot_groups.list_groups()


@pytest.mark.usefixtures("groups")
def test_one_that_is_down_is_left_out_and_asked_again() -> None:
    down = UnavailableError("down")
    assert [ask(0, down) for _ in range(2)] == [[0, 1, 2, 3]] * 2


@pytest.mark.usefixtures("groups")
def test_those_that_were_waited_for_are_asked_last_and_one_a_time() -> None:
    silent = UnavailableError("silent")
    assert ask(0, silent, seconds=1) == [0, 1, 2, 3]
    assert ask(1, silent, seconds=2) == [1, 2, 3, 0]
    assert ask(1, silent, seconds=3) == [0, 2, 3, 1]
    assert ask(-1, silent) == [0, 2, 3, 1]
    assert ask(-1, silent) == [0, 1, 2, 3]


@pytest.mark.usefixtures("groups")
def test_what_is_no_group_s_fault_passes() -> None:
    with pytest.raises(UnavailableError):
        ask(1, UnavailableError("elsewhere"), passing=UnavailableError)
    with pytest.raises(KeyError):
        ask(1, KeyError("ours"))


@pytest.mark.usefixtures("groups")
def test_where_all_fail_the_failure_is_raised() -> None:
    def run(_: SlotGroup) -> None:
        raise UnavailableError("all are away")

    with pytest.raises(UnavailableError):
        for_each_group(run)
