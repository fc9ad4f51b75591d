"""Mutants: each still has its place in the code, or a run of hours would end at it."""

import pytest

from local.data_dirs import CHECKOUT
from proof.faults import FAULTS
from proof.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_there_is_something_to_change(mutant: Mutant) -> None:
    assert mutant.fault in FAULTS
    for path, before, after in mutant.changes:
        assert before in (CHECKOUT / path).read_text()
        assert before != after
