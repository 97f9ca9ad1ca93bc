"""What people are told about: each kind with its words and whether it comes by mail unless somebody says otherwise.

Every kind reaches the inbox; the choice is about mail alone. Mails that somebody asks for (sign-in links,
invitations) are no kind: they cannot be switched off.
"""

from dataclasses import dataclass

from coopgov.core.text import N_


@dataclass(frozen=True)
class NoticeKind:
    """``title`` ends "Send me a mail when …"; ``sentence`` stands in the inbox, ``%(name)s`` is who did it."""

    key: str
    area: str  # talk | votes | groups
    title: str
    sentence: str
    by_mail: bool  # unless the member chose otherwise


KINDS: dict[str, NoticeKind] = {
    kind.key: kind
    for kind in (
        NoticeKind("mention", "talk", N_("Somebody mentions me"), N_("%(name)s mentioned you."), True),
        NoticeKind("reply", "talk", N_("Somebody replies to my comment"), N_("%(name)s replied to you."), True),
        NoticeKind(
            "reason_reply",
            "talk",
            N_("Somebody replies to the reason of my vote"),
            N_("%(name)s replied to your reason."),
            True,
        ),
        NoticeKind(
            "thread_comment",
            "talk",
            N_("Somebody comments in a discussion that I wrote in"),
            N_("%(name)s commented."),
            False,
        ),
        NoticeKind(
            "thread_opened",
            "talk",
            N_("A discussion starts in one of my groups"),
            N_("%(name)s started a discussion."),
            True,
        ),
        NoticeKind("voting_opened", "votes", N_("I can vote: the ballot itself"), N_("Voting is open."), True),
        NoticeKind(
            "voting_closes_soon",
            "votes",
            N_("Voting closes in a day and I have not voted"),
            N_("Voting closes soon, and you have not voted."),
            True,
        ),
        NoticeKind(
            "voting_closed", "votes", N_("A vote that I could take part in is counted"), N_("Voting has closed."), True
        ),
        NoticeKind(
            "voting_stopped",
            "votes",
            N_("A vote that I could take part in is withdrawn or void"),
            N_("Voting was stopped: there is no result."),
            True,
        ),
        NoticeKind(
            "outcome_recorded",
            "votes",
            N_("It is written down what follows from such a vote"),
            N_("%(name)s wrote down what follows."),
            True,
        ),
        NoticeKind(
            "co_author_asked",
            "votes",
            N_("Somebody asks me to write a proposal with them"),
            N_("%(name)s asks you to be a co-author."),
            True,
        ),
        NoticeKind(
            "amendment_proposed",
            "votes",
            N_("Somebody proposes another text for a proposal of mine"),
            N_("%(name)s proposes another text."),
            True,
        ),
        NoticeKind(
            "amendment_answered",
            "votes",
            N_("An amendment of mine is answered"),
            N_("Your amendment has an answer."),
            True,
        ),
        NoticeKind(
            "countersignature_asked",
            "votes",
            N_("An urgent vote waits for me to countersign it"),
            N_("%(name)s asks you to countersign an urgent vote."),
            True,
        ),
        NoticeKind(
            "review_due",
            "groups",
            N_("A decision of mine, or of a group that I convene, is due for review"),
            N_("The decision is due for review."),
            True,
        ),
        NoticeKind(
            "roll_amended",
            "votes",
            N_("I am taken off the roll of a vote"),
            N_("%(name)s took you off the roll of a vote."),
            True,
        ),
        NoticeKind(
            "organisation_ballot",
            "votes",
            N_("An organisation can vote through me"),
            N_("Voting is open, and an organisation votes through you."),
            True,
        ),
        NoticeKind(
            "paper_ballot",
            "votes",
            N_("A vote of mine on paper is entered"),
            N_("%(name)s entered your vote on paper."),
            True,
        ),
        NoticeKind(
            "proxy_asked",
            "votes",
            N_("Somebody asks me to vote for them"),
            N_("%(name)s asks you to vote for them."),
            True,
        ),
        NoticeKind(
            "proxy_answered",
            "votes",
            N_("Somebody whom I asked to vote for me answers"),
            N_("%(name)s answered whether they vote for you."),
            True,
        ),
        NoticeKind(
            "proxy_ended",
            "votes",
            N_("Somebody ends a proxy that I gave or hold"),
            N_("%(name)s ended a proxy."),
            True,
        ),
        NoticeKind(
            "seat_asked",
            "groups",
            N_("Somebody asks to join a group that I convene"),
            N_("%(name)s asks to join."),
            True,
        ),
    )
}
BALLOT_KINDS = ("voting_opened", "voting_closes_soon", "organisation_ballot")  # settled by casting a ballot
