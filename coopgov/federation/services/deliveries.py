"""What goes to whom: one row for each activity and inbox, made in the transaction of the activity itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, case, func, insert, literal, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from coopgov.federation.models import Activity, Announcement, Delivery, Follower, Inbox, Peer, RemoteActor
from coopgov.federation.queries.peers import blocked_hosts
from coopgov.federation.rules.delivering import NEVER
from coopgov.federation.rules.hosts import authority_of
from coopgov.infra.db import UtcDateTime, writing_session

BEST_INBOX = case((RemoteActor.shared_inbox != "", RemoteActor.shared_inbox), else_=RemoteActor.inbox)


def send_to_followers(activity: Activity, now: datetime) -> int:
    """Sends to every inbox at which followers of the activity's actor are best reached, each once; gives how many.

    Nothing goes to blocked domains. Needs a write transaction; asked again, it adds only those who came since.
    """
    theirs = (
        select(BEST_INBOX)
        .join(Follower, Follower.remote_actor_id == RemoteActor.id)
        .where(Follower.actor_id == activity.actor_id)
        .distinct()
    )
    session = writing_session()
    session.flush()
    get_to_know(session.scalars(theirs.where(BEST_INBOX.not_in(select(Inbox.url)))))
    return _queue(activity, Inbox.url.in_(theirs), now)


def send_to(activity: Activity, inbox_url: str, now: datetime) -> int:
    """Sends to one inbox, whoever follows; gives 1, or 0 when its domain is blocked or it is on its way already.

    Needs a write transaction.
    """
    session = writing_session()
    session.flush()
    get_to_know([inbox_url])
    return _queue(activity, Inbox.url == inbox_url, now)


def send_to_all_who_had(announcement: Announcement, activity: Activity, now: datetime) -> int:
    """Sends an Update or a Delete to every inbox that ever got the announcement or may have; gives how many.

    Before a Delete whatever of the announcement still waits is taken out: an inbox at which nothing was tried has
    nothing to forget and hears nothing. Needs a write transaction.
    """
    session = writing_session()
    session.flush()
    if activity.type == "Delete":
        session.execute(
            update(Delivery)
            .where(Delivery.activity_id.in_(_of(announcement, activity)), Delivery.state == "queued")
            .values(state="dropped", finished_at=now)
        )
        reached = or_(Delivery.state.in_(("running", "done", "failed")), Delivery.attempts > 0)
    else:
        reached = Delivery.state != "dropped"
    had = select(Delivery.inbox_id).where(Delivery.activity_id.in_(_of(announcement, activity)), reached)
    return _queue(activity, Inbox.id.in_(had), now)


def _of(announcement: Announcement, but: Activity) -> Select[int]:
    return select(Activity.id).where(Activity.announcement_id == announcement.id, Activity.id != but.id)


def get_to_know(urls: Iterable[str]) -> None:
    """Rows for inboxes that nothing was sent to before, and for their servers; what is no address is passed over.

    Done when somebody begins to follow, it is not left to the moment of the announcement.
    """
    session, wanted = writing_session(), list(dict.fromkeys(urls))
    there = set(session.scalars(select(Inbox.url).where(Inbox.url.in_(wanted))))
    found = [(url, host) for url in wanted if url not in there and (host := _readable_authority(url))]
    known = set(session.scalars(select(Peer.host).where(Peer.host.in_({host for _, host in found}))))
    if peers := [{"host": host} for host in dict.fromkeys(host for _, host in found) if host not in known]:
        session.execute(insert(Peer), peers)
    if found:
        session.execute(insert(Inbox), [{"url": url, "host": host} for url, host in found])


def _readable_authority(url: str) -> str:
    try:
        return authority_of(url)
    except ValueError:
        return ""


def _queue(activity: Activity, wanted: ColumnElement[bool], now: datetime) -> int:
    session = writing_session()
    has_it = select(Delivery.inbox_id).where(Delivery.activity_id == activity.id)
    when = case(
        (Peer.parked_at.is_not(None), literal(NEVER, UtcDateTime)),
        (Peer.next_at > now, Peer.next_at),
        else_=literal(now, UtcDateTime),
    )
    rows = select(literal(activity.id), Inbox.id, when).join(Peer).where(wanted, Inbox.id.not_in(has_it))
    blocked: Sequence[str] = blocked_hosts()
    if blocked:
        rows = rows.where(Inbox.host.not_in(blocked))
    counted = select(func.count()).select_from(Delivery).where(Delivery.activity_id == activity.id)
    before = session.scalar(counted) or 0
    session.execute(insert(Delivery).from_select(["activity_id", "inbox_id", "next_at"], rows.order_by(Inbox.id)))
    session.info["jobs_added"] = True
    return (session.scalar(counted) or 0) - before
