"""Addresses that no page of ours gives out: turned away before they reach the database."""

from flask import Response, request
from werkzeug.exceptions import BadRequest
from werkzeug.routing import IntegerConverter, Map

LARGEST_ID = 2**31 - 1  # PostgreSQL's INTEGER; what is beyond it is an error there, and of another size in SQLite


class RowNumber(IntegerConverter):
    """``<int:…>``: the id of a row. A number that no row can have is not found."""

    regex = "[0-9]{1,10}"  # int() reads the digits of every script, and gives up at 4,300 of them

    def __init__(self, map: Map) -> None:  # noqa: A002 - werkzeug's name for it
        super().__init__(map, max=LARGEST_ID)


def refuse_unreadable() -> Response | None:
    """Before each request: 400 for a query that is no UTF-8, without a page, which could not read its own address.

    Raises BadRequest for an address with a NUL, which PostgreSQL cannot compare with any text.
    """
    try:
        query = request.query_string.decode()
    except UnicodeDecodeError:
        return Response("400 Bad Request\n", 400, mimetype="text/plain")
    if "\x00" in request.path or "\x00" in query or "%00" in query:
        raise BadRequest
    return None
