"""A record with votes that proxies carry, and what can be done to those; added to the list of forgeries."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from coopgov.tally import record as parts
from coopgov.tally.rule import Rule, Threshold
from tests.tally.records import Record, rechained, record_with, renamed, resigned

CARRIED = record_with(
    [(0, 1, None), (1, 2, None), (3, 2, "2026-03-05T10:00:00Z")],
    {2: "agree", 4: "disagree"},
    Rule(Threshold(Fraction(1, 2))),
)
"""0 gives to 1, 1 to 2, who votes; 3 took theirs back in time; 4 votes and gave nothing."""

Forge = Callable[[Record], Record]
FORGERIES: dict[str, tuple[bytes, Forge, str, str]] = {}


def _forgery(check: str, says: str) -> Callable[[Callable[[Record], None]], None]:
    def keep(change: Callable[[Record], None]) -> None:
        def forge(record: Record) -> Record:
            change(record)
            record["close"]["took_part"] = sorted(ballot["voter"] for ballot in record["ballots"])
            return rechained(record)

        FORGERIES[f"proxy_{change.__name__.strip('_')}"] = (CARRIED, forge, check, says)

    return keep


def _carried(record: Record) -> Any:
    return next(ballot for ballot in record["ballots"] if "through" in ballot)


@_forgery("roll", "is counted through somebody who does not carry it")
def _through_another(record: Record) -> None:
    ballot = _carried(record)
    own = {ballot["through"], ballot["voter"]}
    ballot["through"] = next(leaf for leaf in record["roll"]["leaves"] if leaf not in own)


@_forgery("roll", "is counted through somebody who does not carry it")
def _made_of_a_vote(record: Record) -> None:
    leaves = record["roll"]["leaves"]
    mine = next(ballot for ballot in record["ballots"] if ballot["voter"] == leaves[4])
    mine["through"], mine["choice"] = leaves[2], "agree"


@_forgery("roll", "should be carried")
def _dropped(record: Record) -> None:
    record["ballots"].remove(_carried(record))


@_forgery("roll", "is not the choice of its holder")
def _turned_round(record: Record) -> None:
    _carried(record)["choice"] = "disagree"


@_forgery("roll", "has a reason, and is carried")
def _with_a_reason(record: Record) -> None:
    _carried(record)["reason"] = "As they said."


@_forgery("roll", "do not go together")
def _kept_back(record: Record) -> None:
    del record["roll"]["proxies"], record["close"]["proxies"]


@_forgery("roll", "do not go together")
def _never_announced(record: Record) -> None:
    del record["manifest"]["proxies"]
    renamed(record)


@_forgery("roll", "manifest.proxies is not the hash")
def _added(record: Record) -> None:
    leaves = record["roll"]["leaves"]
    record["roll"]["proxies"].append({"giver": leaves[4], "holder": leaves[2], "ended_at": None})


@_forgery("roll", "is not of two electors")
def _to_oneself(record: Record) -> None:
    record["roll"]["proxies"][2]["holder"] = record["roll"]["leaves"][3]


@_forgery("roll", "ended later than the closing")
def _ended_too_late(record: Record) -> None:
    record["roll"]["proxies"][2]["ended_at"] = "2026-03-09T10:00:00Z"


@_forgery("roll", "is not in its place by order")
def _in_another_order(record: Record) -> None:
    record["roll"]["proxies"].reverse()


@_forgery("roll", "should be carried")
def _revived(record: Record) -> None:
    record["roll"]["proxies"][2]["ended_at"] = None


def _of_another_closing(record: Record) -> Record:
    record["close"]["proxies"] = parts.ended_hash([])
    return resigned(record)


def _in_a_secret_poll(record: Record) -> Record:
    record["manifest"]["secrecy"] = parts.SECRET
    record["ballots"] = []
    record = renamed(record)
    del record["close"]["proxies"]
    return resigned(record)


FORGERIES["proxy_of_another_closing"] = (CARRIED, _of_another_closing, "close", "close.proxies is not the hash")
FORGERIES["proxy_in_a_secret_poll"] = (CARRIED, _in_a_secret_poll, "roll", "a secret poll carries no proxies")
