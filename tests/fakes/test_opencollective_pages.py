"""The contribution pages, the way back, the nudge, and playing fate over HTTP."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from coopgov.fakes.credentials import OPENCOLLECTIVE_TOKEN as TOKEN
from coopgov.fakes.opencollective.acts import Stage
from coopgov.fakes.opencollective.faults import KINDS
from coopgov.fakes.opencollective.server import make_app, running, serve
from coopgov.infra.http import FetchFailed, guarded_client
from tests.fakes.opencollective import app_of, small_stage

FORM = {"amount": "3.00", "interval": "month", "email": "carla@example.org", "name": "Carla", "way": "card"}
ORDERS = '{ account(slug: "demo-coop") { orders { nodes { publicId status amount { valueInCents currency } } } } }'


@pytest.fixture
def stage() -> Stage:
    return small_stage()


@pytest.fixture
def client(stage: Stage) -> FlaskClient:
    return app_of(stage.world, stage=stage).test_client()


def checkout(stage: Stage) -> str:
    return f"/demo-coop/contribute/member-{stage.world.tier('member').legacy_id}/checkout"


def test_every_page_says_that_it_is_a_fake(stage: Stage, client: FlaskClient) -> None:
    for address in ("/demo-coop", "/demo-coop/donate", checkout(stage)):
        page = client.get(address)
        assert page.status_code == 200
        assert "This is a fake Open Collective. No money moves." in page.text
        assert "<script" not in page.text
    assert client.get("/").headers["Location"] == "/demo-coop"


def test_the_address_fills_in_the_form(stage: Stage, client: FlaskClient) -> None:
    page = client.get(
        "/demo-coop/donate?amount=4.50&interval='month'&email=a%40b.c&name=A&tags=coopgov-x&redirect=http://x/"
    ).text
    for part in ('value="4.50"', 'value="month" selected', 'value="a@b.c"', 'value="coopgov-x"', 'value="http://x/"'):
        assert part in page
    assert 'value="3.00"' in client.get(checkout(stage)).text


def test_a_contribution_is_made_and_the_payer_sent_back(stage: Stage, client: FlaskClient) -> None:
    answer = client.post(
        checkout(stage), data={**FORM, "tags": "coopgov-AbC,other", "redirect": "http://127.0.0.1:8000/back?a=1"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://127.0.0.1:8000/back?a=1")
    order = stage.world.orders[0]
    assert (order.status, order.frequency, order.cents, order.tags) == (
        "ACTIVE",
        "MONTHLY",
        300,
        ("coopgov-abc", "other"),
    )
    assert order.tier is stage.world.tier("member")
    assert (order.from_account.is_guest, order.from_account.slug[:6], order.from_account.name) == (
        True,
        "guest-",
        "Carla",
    )


def test_without_a_way_back_there_are_thanks(client: FlaskClient) -> None:
    assert "has got your contribution" in client.post("/demo-coop/donate", data=FORM).text


def test_the_same_guest_is_one_account_and_a_known_address_is_that_person(stage: Stage, client: FlaskClient) -> None:
    for email in ("carla@example.org", "carla@example.org", "ADA@example.org"):
        client.post("/demo-coop/donate", data={**FORM, "email": email})
    client.post("/demo-coop/donate", data={**FORM, "email": "", "contributeAs": "bert"})
    payers = [order.from_account.slug for order in stage.world.orders]
    assert payers[0] == payers[1]
    assert payers[2:] == ["ada", "bert"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": "0"}, "more than nothing"),
        ({"amount": "-1"}, "more than nothing"),
        ({"amount": "1.005"}, "whole pence"),
        ({"amount": "NaN"}, "more than nothing"),
        ({"amount": "1e9"}, "more than nothing"),
        ({"amount": "1,50"}, "not a number"),
        ({"amount": "0.99"}, "The least for Member is 1.00 GBP"),
        ({"email": ""}, "e-mail address"),
        ({"interval": "week"}, "how often"),
        ({"way": "magic"}, "how you pay"),
        ({"redirect": "javascript:alert(1)"}, "http://"),
        ({"contributeAs": "nobody"}, "No collective found"),
        ({"tags": "x" * 33}, "too long"),
        ({"way": "declined"}, "declined"),
    ],
)
def test_what_cannot_be_accepted_is_said_on_the_form(
    stage: Stage, client: FlaskClient, typed: dict[str, str], said: str
) -> None:
    answer = client.post(checkout(stage), data=FORM | typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Carla"' in answer.text
    assert [o.status for o in stage.world.orders] in ([], ["ERROR"])


@pytest.mark.parametrize(("way", "status"), [("bacs", "PROCESSING"), ("transfer", "PENDING")])
def test_some_payments_take_their_time(stage: Stage, client: FlaskClient, way: str, status: str) -> None:
    assert "waits for your payment" in client.post("/demo-coop/donate", data={**FORM, "way": way}).text
    assert stage.world.orders[0].status == status


def test_pages_that_do_not_exist_are_not_found(client: FlaskClient) -> None:
    for address in ("/other", "/other/donate", "/demo-coop/contribute/none-1/checkout"):
        assert client.get(address).status_code == 404


class Listener(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    heard: list[Any] = []

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(500)  # nobody cares
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        return


@pytest.fixture
def listener() -> Iterator[HTTPServer]:
    Listener.heard = []
    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        yield server


def test_whoever_is_to_be_nudged_hears_an_unsigned_note(stage: Stage, listener: HTTPServer) -> None:
    url = f"http://127.0.0.1:{listener.server_port}/webhooks/opencollective/secret"
    client = make_app(stage.world, nudge_url=url, stage=stage).test_client()
    client.post("/demo-coop/donate", data=FORM)
    listener.handle_request()
    note = Listener.heard[0]
    assert note["type"] == "collective.transaction.created"
    assert set(note) == {"createdAt", "id", "type", "CollectiveId", "data"}
    assert isinstance(note["id"], int)
    assert "carla" not in json.dumps(note).lower()


def test_a_nudge_that_nobody_hears_harms_nothing(stage: Stage) -> None:
    client = make_app(stage.world, nudge_url="http://127.0.0.1:9/", stage=stage).test_client()
    assert client.post("/demo-coop/donate", data=FORM).status_code == 200


def test_fate_is_played_over_http(stage: Stage, client: FlaskClient) -> None:
    made = client.post("/_fake/act", json={"act": "contribute", "by": "ada", "cents": 300, "interval": "month"})
    assert made.get_json() == {"now": "2026-01-20T09:30:00.000Z", "made": stage.world.orders[0].public_id}
    assert client.post("/_fake/clock", json={"days": 50}).get_json() == {"now": "2026-03-11T09:30:00.000Z"}
    client.post("/_fake/clock", json={"now": "2026-04-02T00:00:00Z"})
    state = client.get("/_fake/state").get_json()
    assert (state["now"], state["transactions"], state["currency"]) == ("2026-04-02T00:00:00.000Z", 9, "GBP")
    assert state["balance_cents"] == stage.world.balance_cents()
    assert state["orders"][0]["next_charge"] == "2026-05-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/_fake/act", {"act": "dance"}),
        ("/_fake/act", {"act": "contribute", "by": "ada"}),
        ("/_fake/act", {"act": "refund", "order": "or_7"}),
        ("/_fake/clock", {"days": -1}),
        ("/_fake/clock", {"now": "2020-01-01"}),
        ("/_fake/faults", {"status": "earthquake"}),
        ("/_fake/faults", {"status": 500, "times": "often"}),
    ],
)
def test_fate_refuses_what_means_nothing(client: FlaskClient, address: str, body: dict[str, Any]) -> None:
    answer = client.post(address, json=body)
    assert answer.status_code == 422
    assert answer.get_json()["error"]


def test_pages_of_other_sites_cannot_play_fate(client: FlaskClient) -> None:
    form = client.post("/_fake/act", data='{"act": "wait", "days": 1}', content_type="text/plain")
    assert form.status_code == 415
    rebound = client.get("/_fake/state", headers={"Host": "evil.example"})
    assert rebound.status_code == 400


def answered(client: FlaskClient) -> Any:
    return client.post("/graphql/v2", json={"query": ORDERS}, headers={"Personal-Token": TOKEN})


def first_amount(answer: Any) -> Any:
    return answer.get_json()["data"]["account"]["orders"]["nodes"][0]["amount"]


def test_each_fault_happens_as_often_as_asked_and_not_before(stage: Stage, client: FlaskClient) -> None:
    stage.act({"act": "contribute", "by": "ada", "cents": 300})
    client.post("/_fake/faults", json={"status": 500, "times": 2, "after": 1})
    assert [answered(client).status_code for _ in range(4)] == [200, 500, 500, 200]


def test_faults_look_as_they_should(stage: Stage, client: FlaskClient) -> None:
    stage.act({"act": "contribute", "by": "ada", "cents": 300})
    answers = {}
    for kind in KINDS:
        client.post("/_fake/faults", json={"status": kind, "seconds": 0.01})
        answers[kind] = answered(client)
    assert {k: a.status_code for k, a in answers.items() if a.status_code != 200} == {
        "429": 429,
        "500": 500,
        "502": 502,
        "503": 503,
    }
    assert float(answers["429"].headers["Retry-After"]) > 0
    assert answers["errors"].get_json()["errors"]
    assert answers["errors"].get_json()["data"]["account"]
    assert answers["null_node"].get_json()["data"]["account"]["orders"]["nodes"] == [None]
    assert first_amount(answers["fraction"])["valueInCents"] == 300.5
    assert first_amount(answers["negative"])["valueInCents"] == -300
    assert first_amount(answers["currency"])["currency"] == "ZZZ"
    assert answers["kind"].get_json()["data"]["account"]["orders"]["nodes"][0]["status"] == "MYSTERY"
    assert answers["cut"].get_json(silent=True) is None
    assert answers["html"].content_type.startswith("text/html")
    assert first_amount(answered(client))["valueInCents"] == 300


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_it_answers_on_this_machine_only(host: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        serve(0, host=host)


@pytest.fixture
def address(stage: Stage) -> Iterator[str]:
    """The fake behind a real socket."""
    with running(app_of(stage.world, stage=stage)) as found:
        yield found


def test_the_guarded_client_reaches_it_over_a_socket_and_gives_up_in_time(address: str, stage: Stage) -> None:
    client = guarded_client(allow_private=True, deadline_s=0.5)
    headers = {"Content-Type": "application/json", "Personal-Token": TOKEN}
    body = json.dumps({"query": ORDERS}).encode()
    assert client.post(f"{address}/graphql/v2", body, headers).status == 200
    client.post(f"{address}/_fake/faults", b'{"status": "timeout", "seconds": 1}', headers)
    with pytest.raises(FetchFailed, match="deadline"):
        client.post(f"{address}/graphql/v2", body, headers)


def test_a_taken_port_is_an_error(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        running(app_of(stage.world), taken.getsockname()[1]).__enter__()


def test_the_command_says_where_it_answers_and_stops_when_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    story = tmp_path / "story.json"
    story.write_text('{"acts": [{"act": "person", "slug": "ada"}]}')
    code = f"from pathlib import Path; from coopgov.fakes.opencollective.server import serve; serve({port}, data=Path({str(story)!r}))"
    with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert (
            process.stdout.readline() == f"fake Open Collective (no money moves) answers on http://127.0.0.1:{port}\n"
        )
        client = guarded_client(allow_private=True)
        act = b'{"act": "contribute", "by": "ada", "cents": 300}'
        made = client.post(f"http://127.0.0.1:{port}/_fake/act", act, {"Content-Type": "application/json"})
        assert made.status == 200
        process.terminate()
        assert process.wait(10) == 0
    assert "contribute" in story.with_suffix(".acts").read_text()
