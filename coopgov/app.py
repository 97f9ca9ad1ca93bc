"""The factory, and the only module that knows every feature: what there is stands in plain tuples."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Flask, request
from flask_login import LoginManager
from sqlalchemy.exc import OperationalError

from coopgov import paths
from coopgov.admin import routes as admin_routes
from coopgov.config import Settings, read_settings
from coopgov.core import money
from coopgov.core.errors import Refusals
from coopgov.core.time import utc_now
from coopgov.core.viewer import NOBODY, Viewer
from coopgov.decisions import box, key_health, roll_checks, secrecy
from coopgov.decisions import counting as decisions_counting
from coopgov.decisions import handlers as decisions_handlers
from coopgov.decisions import jobs as decisions_jobs
from coopgov.decisions import models as decisions_models
from coopgov.decisions import record_checks as decisions_record_checks
from coopgov.decisions.queries import amendments as amendment_queries
from coopgov.decisions.queries import authors as author_queries
from coopgov.decisions.queries import register_checks
from coopgov.decisions.queries import templates as template_queries
from coopgov.decisions.queries import urgency as urgency_queries
from coopgov.decisions.routes import amendments as decisions_amendments
from coopgov.decisions.routes import authors as decisions_authors
from coopgov.decisions.routes import composing as decisions_composing
from coopgov.decisions.routes import delegates as decisions_delegates
from coopgov.decisions.routes import reading as decisions_reading
from coopgov.decisions.routes import reasons as decisions_reasons
from coopgov.decisions.routes import recording as decisions_recording
from coopgov.decisions.routes import records as decisions_records
from coopgov.decisions.routes import register as decisions_register
from coopgov.decisions.routes import rolls as decisions_rolls
from coopgov.decisions.routes import rules as decisions_rules
from coopgov.decisions.routes import templates as decisions_templates
from coopgov.decisions.routes import voting as decisions_voting
from coopgov.decisions.rules import amendments as amendment_rules
from coopgov.decisions.rules import authors as author_rules
from coopgov.decisions.rules import casting as casting_rules
from coopgov.decisions.rules import papers as paper_rules
from coopgov.decisions.rules import presets as preset_rules
from coopgov.decisions.rules import reasons as reason_rules
from coopgov.decisions.rules import register as register_rules
from coopgov.decisions.rules import rolls as roll_rules
from coopgov.decisions.rules import stages as stage_rules
from coopgov.decisions.rules import templates as template_rules
from coopgov.decisions.rules import urgency as urgency_rules
from coopgov.demo import routes as demo_routes
from coopgov.desk import routes as desk_routes
from coopgov.discussion import models as discussion_models
from coopgov.discussion import routes as discussion_routes
from coopgov.discussion import rules as discussion_rules
from coopgov.federation import handlers as federation_handlers
from coopgov.federation import models as federation_models
from coopgov.federation import post_card
from coopgov.federation.jobs import actors as actor_jobs
from coopgov.federation.jobs import delivery as delivery_jobs
from coopgov.federation.jobs import inbox as federation_inbox_jobs
from coopgov.federation.queries import actors as actor_queries
from coopgov.federation.queries import health as federation_health
from coopgov.federation.routes import actors as actors_routes
from coopgov.federation.routes import admin as federation_admin
from coopgov.federation.routes import announcing as announcing_routes
from coopgov.federation.routes import discovery as discovery_routes
from coopgov.federation.routes import inbox as federation_inbox
from coopgov.federation.routes import pages as federation_pages
from coopgov.federation.rules import announcing as announcing_rules
from coopgov.federation.rules import following as following_rules
from coopgov.federation.rules import hosts as host_rules
from coopgov.funding import models as funding_models
from coopgov.funding.jobs import opencollective as opencollective_jobs
from coopgov.funding.jobs import stripe as stripe_jobs
from coopgov.funding.queries import checks as funding_checks
from coopgov.funding.queries import stripe_health
from coopgov.funding.routes import finances as finances_routes
from coopgov.funding.routes import webhooks_opencollective, webhooks_stripe
from coopgov.funding.rules import by_hand as by_hand_rules
from coopgov.funding.rules import matching as matching_rules
from coopgov.funding.rules import pledges as pledge_rules
from coopgov.groups import models as groups_models
from coopgov.groups import queries as groups_queries
from coopgov.groups import routes as groups_routes
from coopgov.groups import rules as groups_rules
from coopgov.identity import jobs as identity_jobs
from coopgov.identity import models as identity_models
from coopgov.identity import queries as identity_queries
from coopgov.identity import routes as identity_routes
from coopgov.identity import rules as identity_rules
from coopgov.infra import audit, check, coop, jobs, mail, markdown, outbox, waker
from coopgov.infra.crypto import Signer
from coopgov.infra.db import db, engine_options
from coopgov.infra.jobs import Clockwork, DatabaseTask, Handler, Loop, OutsideTask, Work
from coopgov.infra.web import addresses, answers, csrf, headers, layout, moment, static
from coopgov.infra.web.access import Reader, cookie_name, guard, terms_of
from coopgov.infra.web.pages import PageStore
from coopgov.infra.web.said import Sayings
from coopgov.membership import handlers as membership_handlers
from coopgov.membership import models as membership_models
from coopgov.membership.jobs import applications as application_jobs
from coopgov.membership.jobs import dues as dues_jobs
from coopgov.membership.queries import delegates as delegate_queries
from coopgov.membership.queries import register as membership_queries
from coopgov.membership.queries import terms as terms_queries
from coopgov.membership.routes import applying as applying_routes
from coopgov.membership.routes import dues as dues_routes
from coopgov.membership.routes import dues_links as dues_links_routes
from coopgov.membership.routes import invitations as membership_routes
from coopgov.membership.routes import joining as joining_routes
from coopgov.membership.routes import organisations as organisations_routes
from coopgov.membership.routes import reviewing as reviewing_routes
from coopgov.membership.routes import standing_rule as standing_rule_routes
from coopgov.membership.rules import applications as application_rules
from coopgov.membership.rules import dues as dues_rules
from coopgov.membership.rules import register as membership_rules
from coopgov.membership.rules import relief as relief_rules
from coopgov.membership.rules import standing as standing_rules
from coopgov.membership.rules import tiers as tier_rules
from coopgov.notifications import handlers as notifications_handlers
from coopgov.notifications import jobs as notifications_jobs
from coopgov.notifications import models as notifications_models
from coopgov.notifications import queries as notifications_queries
from coopgov.notifications import routes as notifications_routes
from coopgov.proxies import models as proxies_models
from coopgov.proxies import routes as proxies_routes
from coopgov.proxies import rules as proxies_rules
from coopgov.public import routes as public_routes
from coopgov.treasury import jobs as treasury_jobs
from coopgov.treasury import rules as treasury_rules
from coopgov.treasury.routes import arrears as treasury_arrears
from coopgov.treasury.routes import book as treasury_book
from coopgov.treasury.routes import desk as treasury_desk
from coopgov.treasury.routes import payments as treasury_payments
from coopgov.treasury.routes import tiers as treasury_tiers
from coopgov.treasury.routes import unmatched as treasury_unmatched

DECISIONS = (
    decisions_amendments,
    decisions_authors,
    decisions_composing,
    decisions_reading,
    decisions_recording,
    decisions_records,
    decisions_register,
    decisions_rules,
    decisions_templates,
    decisions_voting,
    decisions_rolls,
    decisions_delegates,
    decisions_reasons,
)
TREASURY = (
    treasury_desk,
    treasury_unmatched,
    treasury_arrears,
    treasury_payments,
    treasury_book,
    treasury_tiers,
)
MODELS = (  # importing them is what makes the metadata whole
    audit,
    coop,
    jobs,
    mail,
    outbox,
    identity_models,
    funding_models,
    membership_models,
    groups_models,
    discussion_models,
    proxies_models,
    decisions_models,
    notifications_models,
    federation_models,
)
BLUEPRINTS: tuple[Blueprint, ...] = (
    static.bp,
    identity_routes.bp,
    webhooks_stripe.bp,
    finances_routes.bp,
    webhooks_opencollective.bp,
    membership_routes.bp,
    applying_routes.bp,
    reviewing_routes.bp,
    organisations_routes.bp,
    joining_routes.bp,
    dues_routes.bp,
    dues_links_routes.bp,
    standing_rule_routes.bp,
    groups_routes.bp,
    discussion_routes.bp,
    proxies_routes.bp,
    *(routes.bp for routes in DECISIONS),
    announcing_routes.bp,
    federation_admin.bp,
    *(routes.bp for routes in TREASURY),
    notifications_routes.bp,
    federation_inbox.bp,
    discovery_routes.bp,
    actors_routes.bp,
    federation_pages.bp,
    desk_routes.bp,
    public_routes.bp,
    admin_routes.bp,
)
WORK: tuple[DatabaseTask | OutsideTask | Handler | Clockwork | Loop, ...] = (
    mail.SEND,
    *identity_jobs.TASKS,
    *identity_jobs.CLOCKWORKS,
    *stripe_jobs.TASKS,
    *stripe_jobs.CLOCKWORKS,
    *application_jobs.CLOCKWORKS,
    *opencollective_jobs.TASKS,
    *opencollective_jobs.CLOCKWORKS,
    *membership_handlers.HANDLERS,
    *dues_jobs.CLOCKWORKS,
    *decisions_handlers.HANDLERS,
    *decisions_jobs.TASKS,
    *decisions_jobs.CLOCKWORKS,
    *treasury_jobs.CLOCKWORKS,
    *delivery_jobs.TASKS,
    *delivery_jobs.LOOPS,
    *notifications_handlers.HANDLERS,
    *notifications_jobs.TASKS,
    *federation_handlers.HANDLERS,
    *federation_inbox_jobs.TASKS,
    *federation_inbox_jobs.CLOCKWORKS,
    *actor_jobs.CLOCKWORKS,
)
REFUSALS: tuple[Refusals, ...] = (
    money.REFUSALS,
    markdown.REFUSALS,
    pledge_rules.REFUSALS,
    by_hand_rules.REFUSALS,
    matching_rules.REFUSALS,
    treasury_rules.REFUSALS,
    identity_rules.REFUSALS,
    membership_rules.REFUSALS,
    application_rules.REFUSALS,
    standing_rules.REFUSALS,
    tier_rules.REFUSALS,
    dues_rules.REFUSALS,
    relief_rules.REFUSALS,
    groups_rules.REFUSALS,
    discussion_rules.REFUSALS,
    proxies_rules.REFUSALS,
    stage_rules.REFUSALS,
    casting_rules.REFUSALS,
    preset_rules.REFUSALS,
    author_rules.REFUSALS,
    amendment_rules.REFUSALS,
    urgency_rules.REFUSALS,
    template_rules.REFUSALS,
    box.REFUSALS,
    secrecy.REFUSALS,
    register_rules.REFUSALS,
    paper_rules.REFUSALS,
    roll_rules.REFUSALS,
    reason_rules.REFUSALS,
    announcing_rules.REFUSALS,
    following_rules.REFUSALS,
    host_rules.REFUSALS,
)
SAYINGS: tuple[Sayings, ...] = (
    identity_routes.SAYINGS,
    membership_routes.SAYINGS,
    applying_routes.SAYINGS,
    reviewing_routes.SAYINGS,
    organisations_routes.SAYINGS,
    joining_routes.SAYINGS,
    dues_routes.SAYINGS,
    standing_rule_routes.SAYINGS,
    groups_routes.SAYINGS,
    discussion_routes.SAYINGS,
    proxies_routes.SAYINGS,
    decisions_composing.SAYINGS,
    decisions_recording.SAYINGS,
    decisions_voting.SAYINGS,
    decisions_rules.SAYINGS,
    decisions_rolls.SAYINGS,
    decisions_delegates.SAYINGS,
    decisions_reasons.SAYINGS,
    decisions_amendments.SAYINGS,
    decisions_authors.SAYINGS,
    decisions_templates.SAYINGS,
    announcing_routes.SAYINGS,
    federation_admin.SAYINGS,
    *(routes.SAYINGS for routes in TREASURY),
    notifications_routes.SAYINGS,
    desk_routes.SAYINGS,
    admin_routes.SAYINGS,
)
PANELS = (
    *applying_routes.PANELS,
    *finances_routes.PANELS,
    *dues_routes.PANELS,
    *desk_routes.PANELS,
    *decisions_reading.PANELS,
    *decisions_delegates.PANELS,
    *discussion_routes.PANELS,
    *proxies_routes.PANELS,
    *notifications_routes.PANELS,
    *post_card.PANELS,
    *federation_pages.PANELS,
    *admin_routes.PANELS,
)
PREVIEWS = (*post_card.PREVIEWS,)
CHECKS = (
    *check.CHECKS,
    *funding_checks.CHECKS,
    *membership_queries.CHECKS,
    *delegate_queries.CHECKS,
    *groups_queries.CHECKS,
    *decisions_counting.CHECKS,
    *author_queries.CHECKS,
    *amendment_queries.CHECKS,
    *urgency_queries.CHECKS,
    *template_queries.CHECKS,
    *register_checks.CHECKS,
    *roll_checks.CHECKS,
    *decisions_record_checks.CHECKS,
)
EXAMINATIONS = (stripe_health.examine_stripe, federation_health.examine_federation, key_health.examine_keys)
LARGEST_REQUEST = 1_000_000  # bytes


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] = utc_now) -> Flask:
    """The application with everything wired; the same for web, worker and command line.

    Raises SettingsError for settings that cannot be meant, RuntimeError for a route that does not say who may use it.
    """
    settings = settings or read_settings()
    app = Flask("coopgov", root_path=str(paths.ROOT), template_folder="templates", static_folder=None)
    _configure(app, settings)
    app.extensions |= {"coopgov.settings": settings, "coopgov.clock": clock, "coopgov.signer": Signer(settings.keys)}
    db.init_app(app)
    for step in (moment.stamp_arrival, addresses.refuse_unreadable):  # before any step of a feature, which may wait
        app.before_request(step)
    waker.install_waker(app, settings.database, settings.queue)
    _register(app, settings)
    _install_web(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database),
        SESSION_COOKIE_NAME="__Host-coopgov" if settings.is_https else "coopgov",
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
    )
    app.url_map.strict_slashes = False
    app.url_map.converters["int"] = addresses.RowNumber


def _register(app: Flask, settings: Settings) -> None:
    work = Work()
    work.add(*WORK)
    app.extensions |= {
        "coopgov.work": work,
        "coopgov.refusals": {key: value for refusals in REFUSALS for key, value in refusals.items()},
        "coopgov.sayings": {key: value for sayings in SAYINGS for key, value in sayings.items()},
        "coopgov.panels": PANELS,
        "coopgov.previews": PREVIEWS,
        "coopgov.checks": CHECKS,
        "coopgov.examinations": EXAMINATIONS,
        "coopgov.unread": notifications_queries.unread_count,
        "coopgov.interests": groups_queries.group_names,
        "coopgov.joinable": terms_queries.is_open,
        "coopgov.followable": actor_queries.followable,
        "coopgov.pages": PageStore(),
        "coopgov.static": static.load_files(paths.STATIC),
    }
    for blueprint in (*BLUEPRINTS, *((demo_routes.bp,) if settings.demo else ())):
        app.register_blueprint(blueprint)


def _install_web(app: Flask) -> None:
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.request_loader(lambda _request: _reader())
    layout.install_layout(app)
    answers.install_answers(app)
    for step in (layout.choose_language, guard, csrf.check_origin_and_token):
        app.before_request(step)
    app.after_request(headers.harden)
    app.after_request(federation_pages.lead_to_note)
    with app.app_context():
        if undeclared := [rule.rule for rule in app.url_map.iter_rules() if terms_of(rule.endpoint) is None]:
            raise RuntimeError(f"routes that do not say who may use them: {', '.join(undeclared)}")


def _reader() -> Reader | None:
    cookie = request.cookies.get(cookie_name(), "")
    try:
        viewer = load_viewer(cookie, moment.received_at())
    except OperationalError:  # the page of this failure has to be shown to somebody
        return None
    return Reader(viewer) if viewer.is_signed_in else None


def load_viewer(cookie: str, now: datetime) -> Viewer:
    """Who holds ``cookie`` at ``now``: identity, membership, offices and seats, each from its own feature."""
    person = identity_queries.signed_in(cookie, now) if cookie else None
    if person is None:
        return NOBODY
    return Viewer(
        party_id=person.party_id,
        login_id=person.login_id,
        session_id=person.session_id,
        name=person.name,
        public_name=person.public_name,
        language=person.language,
        theme=person.theme,
        member_number=membership_queries.member_number(person.party_id, now),
        offices=membership_queries.offices(person.party_id, now),
        seats=groups_queries.seats(person.party_id, now),
    )
