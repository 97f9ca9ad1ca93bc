"""The list of deliberate faults is true to the code; ``python -m tests.faults`` plants them."""

import pytest

from tests.faults import FAULTS, HOME, ROOT, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.file}: {fault.test.split('::')[1]}")
def test_a_fault_has_its_place_and_its_test(fault: Fault) -> None:
    assert (ROOT / HOME / fault.file).read_text().count(fault.right) == 1
    file, name = fault.test.split("::")
    assert f"def {name}(" in (ROOT / "tests/federation" / file).read_text()


def test_there_are_enough_faults_and_none_twice() -> None:
    assert len(set(FAULTS)) == len(FAULTS) >= 25
