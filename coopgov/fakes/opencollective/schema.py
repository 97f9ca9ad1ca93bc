"""The real schema, and questions answered by it."""

from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.execution import Executor

from coopgov.fakes.opencollective.answers import Asked, resolve_field, resolve_type
from coopgov.fakes.opencollective.objects import Account, Order, PaymentMethod, Tier

SHARED = (Account, Order, PaymentMethod, Tier)
SDL = Path(__file__).with_name("schemaV2.graphql")
MOST_TOKENS = 1_500  # graphql-armor's setting there


class _Remembering(Executor[Any]):
    """Completes whatever stands in many rows only once for each question: payers, contributions, ways to pay."""

    def complete_object_value(
        self, return_type: GraphQLObjectType, details: Any, info: Any, path: Any, result: Any, position: Any
    ) -> Any:
        """As ever, or as before."""
        if type(result) not in SHARED:
            return super().complete_object_value(return_type, details, info, path, result, position)
        seen, key = self.context_value.seen, (id(result), *map(id, info.field_nodes))
        if key not in seen:
            seen[key] = super().complete_object_value(return_type, details, info, path, result, position)
        return seen[key]


@cache
def real_schema() -> GraphQLSchema:
    """Open Collective's schema, built once: it takes half a second."""
    return build_schema(SDL.read_text(), assume_valid=True)


def answer(asked: Asked, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """HTTP status and body for ``question`` (query, variables, operationName): 400 when it is not even asked well."""
    schema = real_schema()
    try:
        document = parse(str(question.get("query", "")), max_tokens=MOST_TOKENS)
    except GraphQLSyntaxError as error:
        return 400, _refusal([error], "GRAPHQL_PARSE_FAILED")
    if mistakes := validate(schema, document):
        return 400, _refusal(mistakes, "GRAPHQL_VALIDATION_FAILED")
    result = execute_sync(
        schema,
        document,
        asked.world,
        asked,
        question.get("variables") or {},
        question.get("operationName"),
        field_resolver=resolve_field,
        type_resolver=resolve_type,
        executor_class=_Remembering,
    )
    return _shown(result)


def _shown(result: ExecutionResult) -> tuple[int, dict[str, Any]]:
    if result.errors and result.data is None and not any(error.path for error in result.errors):
        return 400, _refusal(result.errors, "BAD_USER_INPUT")
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body |= _refusal(result.errors, "INTERNAL_SERVER_ERROR")
    return 200, body


def _refusal(errors: list[GraphQLError], code: str) -> dict[str, Any]:
    return {
        "errors": [{**error.formatted, "extensions": {"code": code} | (error.extensions or {})} for error in errors]
    }
