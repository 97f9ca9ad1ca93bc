"""Strangers cannot make us ask much, or twice, and what we remember of it is bounded."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from coopgov.federation.providers import askings
from coopgov.federation.providers.askings import (
    AGAIN_AFTER,
    MOST_AT_ONCE,
    MOST_AT_ONE_SERVER,
    MOST_FAILURES,
    MOST_WAITING,
    AskedLately,
    Askings,
    AskLater,
)
from tests.conftest import NOW


class Trouble(Exception):
    """Of a question."""


def fail() -> str:
    raise Trouble


@pytest.fixture
def asked() -> Askings[str]:
    return Askings()


class Slow:
    """A question that is answered when the test says so."""

    def __init__(self) -> None:
        self.go, self.begun = threading.Event(), 0

    def __call__(self) -> str:
        self.begun += 1
        self.go.wait(10)
        return "answer"


def in_threads(calls: list[Callable[[], str]]) -> tuple[list[threading.Thread], list[object]]:
    got: list[object] = []

    def one(call: Callable[[], str]) -> None:
        try:
            got.append(call())
        except Exception as error:
            got.append(error)

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    return threads, got


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(10)


def test_an_answer_is_given_and_may_be_asked_for_again(asked: Askings[str]) -> None:
    assert [asked.ask("key", "server", NOW, lambda: "answer") for _ in range(2)] == ["answer"] * 2


def test_what_failed_is_not_asked_again_for_a_while(asked: Askings[str]) -> None:
    with pytest.raises(Trouble):
        asked.ask("key", "server", NOW, fail)
    with pytest.raises(AskedLately):
        asked.ask("key", "server", NOW + AGAIN_AFTER - timedelta(seconds=1), lambda: "answer")
    assert asked.ask("other", "server", NOW, lambda: "answer") == "answer"
    assert asked.ask("key", "server", NOW + AGAIN_AFTER, lambda: "answer") == "answer"


def test_those_who_ask_the_same_get_the_same(asked: Askings[str]) -> None:
    slow = Slow()
    threads, got = in_threads([lambda: asked.ask("key", "server", NOW, slow)] * MOST_WAITING)
    with pytest.raises(AskLater):
        asked.ask("key", "server", NOW, slow)
    slow.go.set()
    join(threads)
    assert got == ["answer"] * MOST_WAITING
    assert slow.begun == 1


def test_those_who_ask_the_same_share_its_failure(asked: Askings[str]) -> None:
    slow = Slow()

    def fails() -> str:
        slow()
        raise Trouble

    threads, got = in_threads([lambda: asked.ask("key", "server", NOW, fails)] * 3)
    slow.go.set()
    join(threads)
    assert [type(error) for error in got] == [Trouble] * 3


def test_nobody_waits_long_for_anothers_question(asked: Askings[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(askings, "WAIT_S", 0.1)
    slow = Slow()
    threads, got = in_threads([lambda: asked.ask("key", "server", NOW, slow)])
    with pytest.raises(AskLater) as later:
        asked.ask("key", "server", NOW, slow)
    assert not later.value.is_theirs
    slow.go.set()
    join(threads)
    assert got == ["answer"]


def test_few_are_asked_at_once_and_fewer_of_one_server(asked: Askings[str]) -> None:
    slow = Slow()
    same = [lambda n=n: asked.ask(f"key{n}", "server", NOW, slow) for n in range(MOST_AT_ONE_SERVER)]
    threads, got = in_threads(same)  # type: ignore[arg-type]
    with pytest.raises(AskLater):
        asked.ask("key", "server", NOW, slow)
    others = [lambda n=n: asked.ask(f"k{n}", f"s{n}", NOW, slow) for n in range(MOST_AT_ONCE - MOST_AT_ONE_SERVER)]
    more, got_more = in_threads(others)  # type: ignore[arg-type]
    with pytest.raises(AskLater) as later:
        asked.ask("key", "third server", NOW, slow)
    assert not later.value.is_theirs
    slow.go.set()
    join([*threads, *more])
    assert [*got, *got_more] == ["answer"] * MOST_AT_ONCE
    assert asked.ask("key", "server", NOW, lambda: "now there is room") == "now there is room"


def test_a_server_that_fails_too_often_is_left_alone_for_a_while(asked: Askings[str]) -> None:
    for number in range(MOST_FAILURES):
        with pytest.raises(Trouble):
            asked.ask(f"key{number}", "server", NOW + timedelta(seconds=number), fail)
    with pytest.raises(AskLater) as later:
        asked.ask("key", "server", NOW + timedelta(seconds=60), lambda: "answer")
    assert later.value.is_theirs
    assert later.value.wait == AGAIN_AFTER - timedelta(seconds=60)
    assert asked.ask("key", "another", NOW, lambda: "answer") == "answer"
    assert asked.ask("key", "server", NOW + AGAIN_AFTER, lambda: "answer") == "answer"


def test_the_memory_is_bounded(asked: Askings[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(askings, "MOST_REMEMBERED", 10)
    for number in range(100):
        with pytest.raises(Trouble):
            asked.ask(f"key{number}", f"server{number}", NOW, fail)
        asked.ask(f"good{number}", f"good{number}", NOW, lambda: "answer")
    assert len(asked._asked) <= 10
    assert len(asked._failures) == 10
    assert not asked._servers
    assert not asked._under_way
    assert asked._waiting == 0
