"""Addresses and fields that no page of ours sends: answered with a status of the 400s on both databases."""

import pytest

from tests import factories as make
from tests.decisions.scene import opened, scene

HUGE = "9" * 30
BEYOND = "3000000000"  # fits into 64 bits and not into a column


@pytest.mark.parametrize("number", [HUGE, BEYOND, "9" * 5000])
@pytest.mark.parametrize(
    "path", ["/t/{}", "/p/{}", "/c/{}/history", "/p/{}/results.json", "/p/{}/history", "/p/{}/roll", "/t/{}/edit"]
)
def test_a_number_that_no_row_can_have_is_not_found(client, sign_in, path, number):
    assert client.get(path.format(number)).status_code in (303, 404)
    assert sign_in(make.member().id).get(path.format(number)).status_code == 404


@pytest.mark.parametrize("path", ["/inbox/{}/read", "/admin/jobs/{}/again", "/p/{}/ballots", "/c/{}/edit"])
def test_nothing_is_done_to_a_number_that_no_row_can_have(sign_in, path):
    browser = sign_in(make.officer().id)
    for number in (HUGE, BEYOND):
        assert browser.submit(path.format(number)).status_code in (404, 405)


@pytest.mark.parametrize("number", [HUGE, BEYOND, "-" + HUGE])
def test_a_page_that_no_list_has_breaks_nothing(client, number):
    on = scene()
    proposal = opened(on)
    for path in (proposal.path, on.thread.path, "/decisions", "/moderation", "/sitemap.xml"):
        assert client.get(f"{path}?page={number}&reply={number}").status_code in (200, 404)


@pytest.mark.parametrize("number", [HUGE, BEYOND])
def test_an_answer_to_a_comment_with_an_impossible_number_is_refused(sign_in, number):
    on = scene()
    browser = sign_in(on.author.id)
    for path in (f"/t/{on.thread.id}/comments", f"/t/{on.thread.id}/preview"):
        assert browser.submit(path, text="Hello", parent=number).status_code in (200, 409, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/g/%00",
        "/g/%00/threads",
        "/g/%00/feed.atom",
        "/g/x%00y/people",
        "/decisions?group=%00",
        "/decisions?result=%00",
    ],
)
def test_a_nul_in_an_address_is_no_failure_of_ours(client, sign_in, path):
    assert client.get(path).status_code in (400, 404)
    assert sign_in(make.member().id).get(path).status_code in (400, 404)


def test_a_nul_in_any_field_is_no_failure_of_ours(sign_in):
    on = scene()
    browser, admin = sign_in(on.author.id), sign_in(make.officer().id)
    assert browser.submit(f"/t/{on.thread.id}/comments", text="Hel\0lo", form_key="a\0b").status_code < 500
    assert browser.submit("/me/security/sessions/%00/end").status_code in (400, 404)
    assert admin.submit("/admin/invitations", email="a\0b@example.org").status_code == 422
    assert admin.submit("/admin/invitations/%00/withdraw").status_code in (400, 404)


def test_an_address_that_grows_when_its_case_is_folded_is_too_long(sign_in):
    answer = sign_in(make.officer().id).submit("/admin/invitations", email="ß" * 200 + "@example.org")
    assert answer.status_code == 422


def test_the_longest_name_fits_in_public_however_it_is_shown(sign_in):
    on = scene()
    ada = make.member("A" * 78 + " B", public_name="initial")
    assert sign_in(ada.id).submit(f"/t/{on.thread.id}/comments", text="Hello").status_code == 303


def test_a_query_that_is_no_text_is_bad_input(client):
    on = scene()
    answer = client.get(f"/t/{on.thread.id}", environ_overrides={"QUERY_STRING": "x=\xff"})
    assert answer.status_code == 400
