"""How the stories are told: threads opened, comments posted, edited, deleted and hidden, in their order."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from coopgov.demo.cast import book, personas
from coopgov.demo.diary import awake, spread
from coopgov.demo.stage import Stage
from coopgov.demo.story import Remark, Story
from coopgov.discussion import services
from coopgov.discussion.models import Comment, Thread
from coopgov.groups.models import Group
from coopgov.infra.db import writing_session

A_MOMENT = timedelta(minutes=2)  # between two comments, at least
WELCOMED = 0.25  # share of introductions that somebody of the rota answers
ROTA = ("hamish", "fatoumata", "idris", "ngozi", "priya", "tamsin", "rhiannon")
READ_LATELY = 15.0  # days: what is older the personas have read to the end


def plan_talk(stage: Stage, story: Story) -> None:
    """Writes a thread and all that is said in it into the diary."""
    opened = opening(stage, story)
    stage.diary.write(opened, partial(_open, stage, story))
    if story.edited_from:
        stage.diary.write(awake(opened + timedelta(hours=20)), partial(_edit_post, stage, story))
    for number, (remark, at) in enumerate(zip(story.remarks, _instants(stage, story, opened), strict=True), 1):
        _plan_remark(stage, story, str(number), remark, at)
    if story.introductions:
        _plan_introductions(stage, story, opened)


def opening(stage: Stage, story: Story) -> datetime:
    """When the thread was opened."""
    return min(stage.diary.on_the_clock(story.days_ago, story.at), stage.diary.now - timedelta(hours=1))


def _instants(stage: Stage, story: Story, opened: datetime) -> Iterator[datetime]:
    last = opened
    for day in spread([remark.day for remark in story.remarks], story.lasts):
        jitter = timedelta(seconds=stage.rng.randrange(2400))
        last = max(awake(opened + timedelta(days=day)) + jitter, last + A_MOMENT)
        yield last


def _plan_remark(stage: Stage, story: Story, word: str, remark: Remark, at: datetime) -> None:
    stage.diary.write(at, partial(_say, stage, story, word, remark))
    if remark.edited_from:
        stage.diary.write(at + timedelta(minutes=35), partial(_edit, stage, story, word, remark))
    if remark.deleted:
        stage.diary.write(at + timedelta(minutes=12), partial(_delete, stage, story, word, remark))
    if remark.hidden:
        stage.diary.write(at + timedelta(minutes=50), partial(_hide, stage, story, word, remark))


def _open(stage: Stage, story: Story, now: datetime) -> None:
    group = writing_session().get_one(Group, stage.groups[story.group])
    author = stage.author(story.author)
    words = story.edited_from or story.text
    thread = services.open_thread(group, author, story.title, words, story.public, now)
    stage.threads[story.name] = thread.id
    stage.kept.append(thread)


def _edit_post(stage: Stage, story: Story, now: datetime) -> None:
    services.edit_thread(_thread(stage, story), story.title, story.text, stage.parties[story.author], now)


def _say(stage: Stage, story: Story, word: str, remark: Remark, now: datetime) -> None:
    parent = stage.comments[story.name, str(remark.to)] if remark.to else None
    words = remark.edited_from or remark.text
    comment = services.post_comment(_thread(stage, story), stage.author(remark.by), words, parent, "", now)
    stage.comments[story.name, word] = comment.id


def _edit(stage: Stage, story: Story, word: str, remark: Remark, now: datetime) -> None:
    comment = _comment(stage, story, word)
    services.edit_comment(_thread(stage, story), comment, remark.text, stage.parties[remark.by], now)


def _delete(stage: Stage, story: Story, word: str, remark: Remark, now: datetime) -> None:
    services.delete_words(_thread(stage, story), _comment(stage, story, word), stage.parties[remark.by], now)


def _hide(stage: Stage, story: Story, word: str, remark: Remark, now: datetime) -> None:
    convenor = stage.parties[book()["groups"][story.group]["convenor"]]
    services.hide_words(_thread(stage, story), _comment(stage, story, word), convenor, remark.hidden, now)


def _thread(stage: Stage, story: Story) -> Thread:
    return writing_session().get_one(Thread, stage.threads[story.name])


def _comment(stage: Stage, story: Story, word: str) -> Comment:
    return writing_session().get_one(Comment, stage.comments[story.name, word])


def _plan_introductions(stage: Stage, story: Story, opened: datetime) -> None:
    """Members say hello some days after they joined, and now and then somebody of the rota answers."""
    silent = stage.people[len(book()["cast"]) :]
    for number, person in enumerate(sorted(stage.rng.sample(silent, story.introductions["count"]), key=silent.index)):
        said = awake(max(stage.joined[person.key], opened) + timedelta(days=stage.rng.uniform(0.05, 3)))
        if said > stage.diary.now - timedelta(hours=2):
            continue
        first, word = person.name.split()[0], f"hello {number}"
        remark = Remark(by=person.key, text=_hello(stage, story, first))
        _plan_remark(stage, story, word, remark, said)
        if stage.rng.random() < WELCOMED:
            welcome = stage.rng.choice(story.introductions["welcomes"]).format(first=first)
            answered = awake(said + timedelta(hours=stage.rng.uniform(0.2, 9)))
            stage.diary.write(answered, partial(_welcome, stage, story, word, welcome))


def _hello(stage: Stage, story: Story, first: str) -> str:
    plain = story.introductions
    parts = [stage.rng.choice(plain[kind]) for kind in ("opening", "work", "wish", "other")]
    return " ".join(part for part in parts if part).format(first=first, place=stage.rng.choice(plain["places"]))


def _welcome(stage: Stage, story: Story, word: str, text: str, now: datetime) -> None:
    parent, author = stage.comments[story.name, word], stage.author(stage.rng.choice(ROTA))
    services.post_comment(_thread(stage, story), author, text, parent, "", now)


def mark_what_was_read(stage: Stage, told: list[Story], now: datetime) -> None:
    """The personas have read what is old to the end, and what is new in part or not at all."""
    for persona in personas():
        for story in told:
            thread = _thread(stage, story)
            is_old = thread.last_at < stage.diary.days_ago(READ_LATELY)
            if is_old or stage.rng.random() < 0.6:
                number = thread.comment_count if is_old else round(thread.comment_count * stage.rng.uniform(0.3, 0.8))
                services.mark_read(stage.parties[book()["personas"][persona]], thread.id, number, now)
