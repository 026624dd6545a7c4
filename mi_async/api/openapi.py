"""The API as an OpenAPI 3.1 description, made from the declarations.

Invariant: pure; no operation is named here. What the documentation leaves open is open here: objects may have more
members, enums more values.
"""

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from mi_async._core.annotations import bare
from mi_async._core.declare import operations_of
from mi_async._core.operation import Operation, Parameter, Place, Quota
from mi_async._core.wire_names import camel
from mi_async.api import GROUPS, operations
from mi_async.api.links import links
from mi_async.api.schemas import Schema, Schemas, bounded_schema, on_wire
from mi_async.version import VERSION

SERVICE = "https://mi.apigw.ntruss.com"
JSON = "application/json"
HEADERS = {
    "timestamp": ("x-ncp-apigw-timestamp", "Milliseconds since the epoch; refused when 5 minutes or more off."),
    "accessKey": ("x-ncp-iam-access-key", "Access key of an account, a sub account or the Secure Token Service."),
    "signature": (
        "x-ncp-apigw-signature-v2",
        "Base64 of the HMAC-SHA256, by the secret key, of `METHOD path?query\\ntimestamp\\naccessKey`.",
    ),
}
STATUSES = {
    400: "The request does not fit.",
    401: "The credentials or the permissions do not suffice.",
    404: "There is no such thing.",
    409: "The state forbids it: a name in use, a job that runs, an allowance that is full.",
    413: "The request is too large.",
    422: "The asset is being analysed, or its format is not supported.",
    429: "A rate is used up.",
    500: "The service or the gateway failed.",
    503: "The gateway does not reach the service.",
    504: "The service does not answer the gateway in time.",
}
"""Statuses of the service's and the gateway's error tables."""

ERRORS: Mapping[str, Schema] = {
    "ServiceError": {
        "type": "object",
        "description": "The service says no.",
        "properties": {"code": {"type": "string", "examples": ["10001"]}, "message": {"type": "string"}},
        "required": ["code", "message"],
        "additionalProperties": True,
    },
    "GatewayError": {
        "type": "object",
        "description": "The API gateway says no.",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "errorCode": {"type": ["string", "integer"], "examples": ["210"]},
                    "message": {"type": "string"},
                    "details": {"type": "string"},
                },
                "required": ["errorCode", "message"],
                "additionalProperties": True,
            }
        },
        "required": ["error"],
        "additionalProperties": True,
    },
}


def describe(url: str = SERVICE, declared: Iterable[Operation] | None = None) -> dict[str, Any]:
    """Return the description as JSON values.

    Args:
        url: where the API is.
        declared: the operations; by default all that the package knows.
    """
    schemas = Schemas(dict(ERRORS))
    paths: dict[str, dict[str, Any]] = {}
    listed = list(operations() if declared is None else declared)
    for operation in listed:
        described = _operation(operation, schemas)
        if linked := links(operation, listed):
            described["responses"]["200"]["links"] = linked
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "NAVER Cloud Media Intelligence",
            "version": VERSION,
            "description": "Generated from the declarations of mi-async; not published by the vendor.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "security": [{name: [] for name in HEADERS}],
        "tags": list(_tags({operation.group for operation in listed})),
        "paths": paths,
        "components": {
            "schemas": schemas.named,
            "responses": {f"Status{status}": _refusal(words) for status, words in STATUSES.items()},
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": header, "description": words}
                for name, (header, words) in HEADERS.items()
            },
        },
    }


def _tags(named: Collection[str]) -> Iterator[dict[str, str]]:
    """Yield the groups with their descriptions, in the order of the API's pages."""
    for group in GROUPS:
        name = next(operations_of(group)).group
        if name in named:
            yield {"name": name, "description": (inspect.getdoc(group) or "").partition("\n")[0]}


def _operation(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    scope = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in operation.scope
    ]
    own = [_parameter(p, schemas) for p in operation.parameters if p.place is not Place.BODY]
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
        "parameters": scope + own,
        "responses": {
            "200": {"description": "Success.", "content": {JSON: {"schema": _envelope(operation, schemas)}}},
            **{str(status): {"$ref": f"#/components/responses/Status{status}"} for status in STATUSES},
        },
        "x-quota": _quota(operation.quota),
        "x-repeat": operation.repeat.name,
        "x-source": operation.source,
    }
    if operation.deprecated is not None:
        described |= {"deprecated": True, "x-successor": operation.deprecated}
    if operation.rules:
        spelled = {p.name: _spelled(p) for p in operation.parameters}
        described["x-rules"] = [on_wire(rule, spelled).text for rule in operation.rules]
    if operation.takes_body:
        described["requestBody"] = _body(operation.body, schemas)
    return described


def _spelled(p: Parameter) -> str:
    """Return the name of an argument on the wire; a path has names of its own."""
    return p.name if p.place is Place.PATH else p.wire


def _parameter(p: Parameter, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": _spelled(p),
        "in": p.place.value,
        "required": p.place is Place.PATH or p.always_sent,
        "schema": _schema(p, schemas),
    }
    if p.place is Place.PATH and described["schema"] == {"type": "string"}:
        described["schema"]["minLength"] = 1
    if described["schema"].get("type") == "array":
        described |= {"style": "form", "explode": False}
    return described


def _body(members: Sequence[Parameter], schemas: Schemas) -> dict[str, Any]:
    required = [p.wire for p in members if p.always_sent]
    schema: Schema = {"type": "object", "properties": {p.wire: _schema(p, schemas) for p in members}}
    if required:
        schema["required"] = required
    schema["additionalProperties"] = True
    return {"required": bool(required), "content": {JSON: {"schema": schema}}}


def _schema(p: Parameter, schemas: Schemas) -> Schema:
    """Return the schema of an argument; None is not sent, so that it is not part of it."""
    schema = bounded_schema(schemas.of(bare(p.kind)), p.bounds)
    return schema if p.default is None or p.required else schema | {"default": p.default}


def _envelope(operation: Operation, schemas: Schemas) -> Schema:
    """Return a reference to the service's envelope; without a result where none is declared."""
    name = f"EnvelopeOf{_label(operation.result)}"
    schemas.named.setdefault(name, _enveloped(operation, schemas))
    return {"$ref": f"#/components/schemas/{name}"}


def _label(result: Any) -> str:
    """Return a name for a type of result."""
    if result is None:
        return "Nothing"
    if result is Any:
        return "Anything"
    kind = bare(result)
    if get_origin(kind) is Mapping:
        return "Object"
    name = "Of".join(one.__name__ for one in (get_origin(kind) or kind, *get_args(kind)))
    return name if kind is result else f"Optional{name}"


def _enveloped(operation: Operation, schemas: Schemas) -> Schema:
    properties: dict[str, Schema] = {"code": {"type": "string", "const": "0"}, "message": {"type": "string"}}
    required = ["code", "message"]
    if operation.result is not None:
        properties["result"] = schemas.of(operation.result)
        certain = operation.result is not Any and bare(operation.result) is operation.result
        required += ["result"] if certain else []
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": True}


def _quota(quota: Quota | None) -> dict[str, float] | None:
    return None if quota is None else {camel(name): getattr(quota, name) for name in ("calls", "period")}


def _refusal(words: str) -> dict[str, Any]:
    either = [{"$ref": f"#/components/schemas/{name}"} for name in ERRORS]
    return {"description": words, "content": {JSON: {"schema": {"anyOf": either}}}}
