"""Deliberate faults of federation, each with the test that has to catch it.

``python -m tests.faults`` plants them one by one in a copy of the code and runs the named test there, which has to
fail; it prints a line for each and ends with 1 when one survived. ``python -m tests.faults 7 12`` tries these two.
tests/test_faults.py keeps the list true to the code.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = "coopgov/federation/"


@dataclass(frozen=True)
class Fault:
    """In ``file`` (below HOME) ``right`` stands once and becomes ``wrong``; ``test`` is caught by name, on SQLite."""

    file: str
    right: str
    wrong: str
    test: str


SIGNATURES, DOOR, ACTS = "test_signatures.py", "test_inbox_door.py", "test_inbox_acts.py"
COURIER, SAID = "test_courier.py", "test_announcing.py"
FAULTS = (
    # Signatures
    Fault(
        "rules/cavage.py",
        '({"digest"} if request.has_body else set())',
        "set()",
        f"{SIGNATURES}::test_an_older_signature_that_leaves_something_out_is_refused",
    ),
    Fault(
        "rules/cavage.py",
        "if request.has_body and not digests.holds(",
        "if False and not digests.holds(",
        f"{DOOR}::test_a_forged_body_is_turned_away",
    ),
    Fault(
        "rules/cavage.py",
        "    _refuse_times(names, given, algorithm, request, now)\n",
        "",
        f"{SIGNATURES}::test_a_signature_is_good_for_about_half_a_day",
    ),
    Fault(
        "rules/cavage.py",
        "return [request.target, path] if question else [path]",
        'return [request.target, path, "/ap/actors/1/inbox", "/ap/inbox"]',
        f"{DOOR}::test_what_was_signed_for_one_address_does_not_count_at_another",
    ),
    Fault(
        "rules/rfc9421.py",
        'or (request.has_body and "content-digest" not in names)',
        "",
        f"{SIGNATURES}::test_what_does_not_cover_method_address_and_body_is_refused",
    ),
    Fault(
        "rules/rfc9421.py",
        'if given.get("alg", ALGORITHM) != ALGORITHM:',
        "if False:",
        f"{DOOR}::test_a_signature_covers_all_and_fits_the_key",
    ),
    Fault(
        "rules/digests.py",
        "return bool(known) and all(",
        "return all(",
        f"{SIGNATURES}::test_a_digest_that_says_nothing_we_know_is_refused",
    ),
    Fault(
        "rules/keys.py",
        "not LEAST_BITS <= key.key_size <= MOST_BITS",
        "not key.key_size <= MOST_BITS",
        f"{DOOR}::test_a_short_key_is_no_key",
    ),
    Fault(
        "rules/signed.py",
        "BEHIND = timedelta(hours=13)",
        "BEHIND = timedelta(days=1300)",
        f"{DOOR}::test_what_was_signed_long_ago_or_will_be_does_not_count",
    ),
    # What may be read, and whose it is
    Fault(
        "rules/reading.py",
        '    if len(found) != len(pairs):\n        raise Unreadable("key")\n',
        "",
        "test_reading.py::test_what_could_be_misread_or_is_made_to_cost_is_refused",
    ),
    Fault(
        "rules/hosts.py",
        "return any(domain in domains for domain in with_those_above(host))",
        "return host in domains",
        "test_hosts.py::test_a_block_holds_for_all_below_a_domain_and_for_nothing_beside_it",
    ),
    Fault(
        "routes/inbox.py",
        "    _refuse_blocked(said.actor)\n",
        "",
        f"{DOOR}::test_a_blocked_server_is_turned_away_before_anything_is_fetched",
    ),
    Fault(
        "routes/inbox.py",
        "    _refuse_blocked(claim.key_id)\n",
        "    pass\n",
        f"{DOOR}::test_a_blocked_server_cannot_lend_its_key",
    ),
    Fault(
        "routes/inbox.py",
        "if not same_origin(said.uri, said.actor):",
        "if False:",
        f"{DOOR}::test_nobody_speaks_for_another_server",
    ),
    Fault(
        "routes/signers.py",
        "    if said.actor != owner:\n",
        "    if False:\n",
        f"{DOOR}::test_nobody_speaks_for_somebody_else",
    ),
    Fault(
        "routes/signers.py",
        "if known is not None and now - known.tried_at < AGAIN_AFTER:",
        "if False:",
        f"{DOOR}::test_a_key_is_asked_for_at_most_once_in_five_minutes",
    ),
    Fault(
        "routes/signers.py",
        "    db.session.remove()  # nothing is held while we wait for somebody else's machine\n",
        "",
        f"{DOOR}::test_no_transaction_is_open_during_a_fetch",
    ),
    Fault(
        "providers/peers.py",
        "    if key_id not in owner.keys:\n",
        "    if False:\n",
        f"{DOOR}::test_a_key_that_its_owner_does_not_name_is_nobodys",
    ),
    Fault(
        "providers/peers.py",
        "    if not same_origin(target, url):\n",
        "    if False:\n",
        f"{DOOR}::test_a_redirect_elsewhere_is_not_even_tried",
    ),
    Fault(
        "providers/peers.py",
        'if text_of(document, "id") != at or len(at) > LONGEST:',
        "if len(at) > LONGEST:",
        f"{DOOR}::test_a_key_document_that_is_not_one_is_given_up_in_time",
    ),
    # What follows from it
    Fault(
        "services/inbox.py",
        "    if was_received(said.uri):\n        return\n",
        "",
        f"{DOOR}::test_the_same_follow_six_times_at_once_is_one",
    ),
    Fault(
        "services/followers.py",
        "theirs = (Follower.remote_actor_id == who.id, Follower.follow_uri == follow_uri)",
        "theirs = (Follower.follow_uri == follow_uri,)",
        f"{ACTS}::test_nobody_undoes_for_another",
    ),
    Fault(
        "services/inbox.py",
        "if actor is not None and not was_undone(said.uri, who.uri):",
        "if actor is not None:",
        f"{ACTS}::test_an_undo_that_overtakes_the_follow_counts",
    ),
    Fault(
        "services/followers.py",
        "    send_to(accept, who.inbox, now)\n",
        "    send_to(accept, who.best_inbox, now)\n",
        f"{ACTS}::test_a_follow_is_accepted_at_the_followers_own_inbox",
    ),
    Fault(
        "services/reactions.py",
        "if announcement is None or announcement.withdrawn_at is not None:",
        "if announcement is None:",
        f"{ACTS}::test_what_is_withdrawn_or_not_ours_cannot_be_liked",
    ),
    # Delivery
    Fault(
        "services/dispatch.py",
        "return ~exists().where(older.inbox_id == Delivery.inbox_id, unfinished, older.id < Delivery.id)",
        "return Delivery.id > 0",
        f"{COURIER}::test_a_delete_never_passes_its_create",
    ),
    Fault(
        "services/dispatch.py",
        'values(state="queued", lease="", attempts=Delivery.attempts + 1, next_at=now)',
        'values(state="done", lease="")',
        f"{COURIER}::test_what_a_killed_courier_held_counts_as_tried",
    ),
    Fault(
        "rules/delivering.py",
        "return DIALECTS[1] if dialect == DIALECTS[0] else DIALECTS[0]",
        "return dialect",
        f"{COURIER}::test_a_server_that_reads_only_the_other_dialect_is_remembered",
    ),
    Fault(
        "rules/delivering.py",
        "    return min(max(until - now, timedelta(seconds=1)), LONGEST_RETRY_AFTER)\n",
        "    return until - now\n",
        "test_delivering.py::test_retry_after_is_read_as_seconds_or_as_a_date_and_bounded",
    ),
    Fault(
        "services/deliveries.py",
        'reached = or_(Delivery.state.in_(("running", "done", "failed")), Delivery.attempts > 0)',
        "reached = Delivery.id > 0",
        f"{COURIER}::test_what_is_removed_before_the_first_delivery_is_not_sent_at_all",
    ),
    # What is said
    Fault(
        "handlers.py",
        'if not (thread.is_public and thread.state == "visible"):',
        'if thread.state != "visible":',
        f"{SAID}::test_a_thread_for_members_is_not_announced",
    ),
    Fault(
        "services/dispatch.py",
        'or (row.announcement_id in private and row.type != "Delete")',
        "",
        "test_announcing_privacy.py::test_a_courier_that_is_quicker_than_the_worker_sends_nothing_that_went_private",
    ),
    Fault(
        "handlers.py",
        "return proposal if is_public_now(proposal) else None",
        "return proposal",
        f"{SAID}::test_nothing_of_a_proposal_for_members_is_announced",
    ),
    Fault(
        "services/publishing.py",
        "if actor is None or silence_over(subject) or standing(kind, subject):",
        "if actor is None or standing(kind, subject):",
        f"{SAID}::test_over_a_silenced_proposal_nothing_is_said_to_its_end",
    ),
    Fault(
        "services/actors.py",
        "_tell_of_itself(actor, now, key.number - 1)",
        "_tell_of_itself(actor, now, None)",
        "test_own_actor.py::test_a_rotation_is_told_under_the_key_that_others_know",
    ),
)


def survives(fault: Fault, folder: Path) -> bool:
    """Whether the named test passes in spite of the fault; ``folder`` holds a copy of the code."""
    path = folder / HOME / fault.file
    code = path.read_text()
    path.write_text(code.replace(fault.right, fault.wrong, 1))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-k", "not postgresql"]
    command += ["--basetemp", str(folder.parent / "pytest")]  # the usual place keeps three runs, and others may run
    surroundings = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [*command, f"tests/federation/{fault.test}"], cwd=folder, env=surroundings, capture_output=True, check=False
    )
    path.write_text(code)
    if run.returncode not in (0, 1):
        raise SystemExit(f"pytest ended with {run.returncode}:\n{(run.stdout + run.stderr).decode()[-2000:]}")
    return run.returncode == 0


def main() -> None:
    """Tries all faults, or those whose numbers are given."""
    wanted = [int(word) for word in sys.argv[1:]] or range(1, len(FAULTS) + 1)
    surviving = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "code"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "var", "node_modules", "__pycache__"))
        for number in wanted:
            fault = FAULTS[number - 1]
            survived = survives(fault, folder)
            surviving += survived
            sys.stdout.write(f"{number:3} {'SURVIVED' if survived else 'caught'}  {fault.file}  {fault.test}\n")
            sys.stdout.flush()
    raise SystemExit(1 if surviving else 0)


if __name__ == "__main__":
    main()
