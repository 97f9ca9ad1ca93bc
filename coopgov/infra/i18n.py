"""Languages: .po files compiled in memory at start, and dates, numbers and shares as each language writes them."""

import gettext as stdlib_gettext
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, dates, lists, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment
from markupsafe import Markup, escape

from coopgov import paths
from coopgov.core.money import Money, decimals_of

DEFAULT = "en"
_language: ContextVar[str] = ContextVar("language", default=DEFAULT)
_zone: ContextVar[str] = ContextVar("zone", default="UTC")


@cache
def languages() -> dict[str, str]:
    """The languages there are: code → its own name for itself; a folder under translations is a language."""
    found = [p.parent.parent.name for p in paths.TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")]
    return {
        code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in sorted({DEFAULT, *found})
    }


@cache
def _catalog(language: str) -> stdlib_gettext.NullTranslations:
    path = paths.TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return stdlib_gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return stdlib_gettext.GNUTranslations(compiled)


@contextmanager
def speaking(language: str, zone: str) -> Iterator[None]:
    """Everything inside is said in ``language``, with clocks as in ``zone``; unknown languages fall back to English."""
    was = _language.set(language if language in languages() else DEFAULT), _zone.set(zone)
    try:
        yield
    finally:
        _language.reset(was[0])
        _zone.reset(was[1])


def speak(language: str, zone: str) -> None:
    """As ``speaking``, until the end of the current context (a request)."""
    _language.set(language if language in languages() else DEFAULT)
    _zone.set(zone)


def current_language() -> str:
    """Code of the language being spoken."""
    return _language.get()


def current_zone() -> str:
    """Name of the zone that clocks are shown in."""
    return _zone.get()


def _formats() -> str:
    return "en_GB" if current_language() == "en" else current_language()


def text_direction() -> str:
    """``rtl`` or ``ltr``, for the ``dir`` attribute."""
    return Locale.parse(current_language()).text_direction


def gettext(message: str, **facts: object) -> str:
    """``message`` in the current language with ``facts`` filled in; plain text, not Markup."""
    translated = _catalog(current_language()).gettext(message) if message else ""
    return translated % facts if facts else translated


def ngettext(singular: str, plural: str, number: int, **facts: object) -> str:
    """The form for ``number``, which is also available as ``%(num)s``."""
    return _plural_form(singular, plural, number) % {"num": number, **facts}


def _plural_form(singular: str, plural: str, number: int) -> str:
    """The form with its places still to be filled in, which is what templates want: they do it and escape."""
    return _catalog(current_language()).ngettext(singular, plural, number)


def relative(instant: datetime, now: datetime) -> str:
    """``in 7 days``, ``3 hours ago``: in the largest unit of which there are about two, minutes at the least."""
    span = instant - now
    return dates.format_timedelta(span, "minute", threshold=1.99, add_direction=True, locale=_formats())


def full_time(instant: datetime) -> str:
    """``Sunday 29 November 2026, 18:00 GMT`` in the current language and zone."""
    language, zone = _formats(), ZoneInfo(current_zone())
    day = dates.format_date(instant.astimezone(zone).date(), "full", locale=language)
    time = dates.format_time(instant, "HH:mm", tzinfo=zone, locale=language)
    return f"{day}, {time} {instant.astimezone(zone).tzname()}"


def short_time(instant: datetime) -> str:
    """``22 Nov 2026, 18:00`` in the current language and zone."""
    language, zone = _formats(), ZoneInfo(current_zone())
    day = dates.format_date(instant.astimezone(zone).date(), "medium", locale=language)
    return f"{day}, {dates.format_time(instant, 'HH:mm', tzinfo=zone, locale=language)}"


def brief_time(instant: datetime) -> str:
    """``Sun 29 Nov, 18:00`` in the current language and zone: for subjects of mails, which say the rest inside."""
    language, zone = _formats(), ZoneInfo(current_zone())
    weekday = dates.format_skeleton("MMMEd", instant.astimezone(zone), tzinfo=zone, locale=language)
    return f"{weekday}, {dates.format_time(instant, 'HH:mm', tzinfo=zone, locale=language)}"


def day(instant: datetime) -> str:
    """``22 November 2026`` in the current language and zone."""
    return dates.format_date(instant.astimezone(ZoneInfo(current_zone())).date(), "long", locale=_formats())


def weekday(value: date) -> str:
    """``Sunday 29 November 2026`` for a calendar day."""
    return dates.format_date(value, "full", locale=_formats())


def number(value: int) -> str:
    """A whole number with the language's grouping."""
    return numbers.format_decimal(value, locale=_formats())


def money(amount: Money) -> str:
    """``£1.50`` as the language writes it, with the currency's own decimals; never rounded."""
    return numbers.format_currency(
        Decimal(amount.plain), amount.currency, locale=_formats(), decimal_quantization=False, currency_digits=True
    )


def money_short(amount: Money) -> str:
    """As ``money``, without decimals when there is nothing behind the point: ``£1``, and ``£1.50``."""
    if amount.minor % 10 ** decimals_of(amount.currency):
        return money(amount)
    whole = Decimal(amount.plain).to_integral_value()
    pattern = re.sub(r"\.0+", "", Locale.parse(_formats()).currency_formats["standard"].pattern)
    return numbers.format_currency(whole, amount.currency, pattern, locale=_formats(), currency_digits=False)


def listing(words: Sequence[str]) -> str:
    """``A, B and C`` as the language joins them; plain text."""
    return lists.format_list(words, locale=_formats())


def decimal_mark() -> str:
    """What stands between pounds and pence in the current language: a point or a comma."""
    return numbers.get_decimal_symbol(_formats())


def plain_day(value: date) -> str:
    """``22 November 2026`` for a calendar day."""
    return dates.format_date(value, "long", locale=_formats())


def month_name(value: date) -> str:
    """``November 2026`` for any day in it."""
    return dates.format_skeleton("yMMMM", value, locale=_formats())


def month_letter(value: date) -> str:
    """``N`` for a day in November: under the bars of a chart, where the words stand beside it."""
    return dates.format_date(value, "LLLLL", locale=_formats())


def percent(part: int, whole: int) -> str:
    """``part`` of ``whole`` as a share with at most one decimal, cut and never rounded up to a limit it missed.

    66 of 100 is never shown as two thirds, nor 2,999 of 3,000 as 100 %. A whole of 0 gives an en dash.
    """
    if whole <= 0:
        return "–"
    return numbers.format_percent(
        part * 1000 // whole / 1000, format=None, decimal_quantization=False, locale=_formats()
    )


def _time_element(instant: datetime, shown: str) -> Markup:
    # escape() instead of Markup.format(): a thread has a hundred of these
    return Markup(f'<time datetime="{instant:%Y-%m-%dT%H:%MZ}">{escape(shown)}</time>')  # noqa: S704


def when(instant: datetime, now: datetime | None = None) -> Markup:
    """A ``time`` element: absolute with zone, and relative when ``now`` is given."""
    shown = full_time(instant)
    if now:
        shown += "\N{NO-BREAK SPACE}· " + relative(instant, now).replace(" ", "\N{NO-BREAK SPACE}")
    return _time_element(instant, shown)


def when_short(instant: datetime) -> Markup:
    """A ``time`` element with the short absolute form."""
    return _short_element(instant.replace(second=0, microsecond=0), current_language(), current_zone())


def clock(instant: datetime) -> Markup:
    """A ``time`` element with the hour and minute in the current zone: ``18:00``."""
    shown = dates.format_time(instant, "HH:mm", tzinfo=ZoneInfo(current_zone()), locale=_formats())
    return _time_element(instant, shown)


@lru_cache(maxsize=20_000)
def _short_element(minute: datetime, _language: str, _zone: str) -> Markup:
    return _time_element(minute, short_time(minute))


def install(environment: Environment) -> None:
    """Gives templates ``_``, ``ngettext``, ``percent`` and the filters of this module."""
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(gettext, _plural_form, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["percent"] = percent
    environment.filters.update(
        when_short=when_short,
        weekday=weekday,
        clock=clock,
        number=number,
        day=day,
        full_time=full_time,
        short_time=short_time,
        money=money,
        money_short=money_short,
        plain_day=plain_day,
        month_name=month_name,
        month_letter=month_letter,
    )
