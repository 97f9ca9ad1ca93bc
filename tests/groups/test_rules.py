from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.viewer import NOBODY, Viewer
from coopgov.groups.rules import free_slug, may_found, may_run

MEMBER = Viewer(party_id=1, member_number=1)


def test_admins_may_found_groups_and_others_may_not():
    assert may_found(Viewer(party_id=1, member_number=1, offices=frozenset({"admin"})))
    assert not may_found(MEMBER)
    assert not may_found(NOBODY)


def test_a_convenor_may_run_their_own_group_only():
    convenor = Viewer(party_id=1, member_number=1, seats={7: "convenor"})
    assert may_run(convenor, 7)
    assert not may_run(convenor, 8)


def test_a_sitter_without_office_may_not_run_the_group():
    assert not may_run(Viewer(party_id=1, member_number=1, seats={7: "member"}), 7)


def test_a_convenor_whose_membership_ceased_may_not_run_the_group():
    assert not may_run(Viewer(party_id=1, seats={7: "convenor"}), 7)


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=20))
def test_every_group_gets_an_address_of_its_own_that_fits_its_column(name, others):
    taken: set[str] = set()
    for one in [*others, name, name]:
        slug = free_slug(one, taken)
        assert slug not in taken
        assert 0 < len(slug) <= 60
        assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        taken.add(slug)
