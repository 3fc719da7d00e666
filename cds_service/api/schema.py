"""The bodies of requests in OpenAPI, from the types that read them."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct, json


class DraftOrders(Struct, rename="camel"):
    """A FHIR R4 Bundle with the orders being signed."""

    resource_type: Annotated[str, Meta(examples=["Bundle"])]
    entry: list[dict[str, Any]] = []


class OrderContext(Struct, rename="camel"):
    """The context of our hooks; each has the members of its own."""

    patient_id: Annotated[str, Meta(min_length=1)]
    user_id: str | None = None
    draft_orders: DraftOrders | None = None
    selections: list[str] = []
    dispatched_orders: list[str] = []
    encounter_id: str | None = None


class FhirAccess(Struct):
    """What the FHIR server of the request may be asked with."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None


class OrderRequest(Struct, rename="camel"):
    """A CDS Hooks request of one of our hooks; other members are ignored."""

    hook: Annotated[str, Meta(pattern="^order-(sign|select|dispatch)$")]
    hook_instance: Annotated[str, Meta(min_length=1)]
    context: OrderContext
    fhir_server: str | None = None
    fhir_authorization: FhirAccess | None = None
    prefetch: dict[str, dict[str, Any] | None] = {}


def _request_body() -> dict[str, Any]:
    (schema,), parts = json.schema_components((OrderRequest,), ref_template="#/$defs/{name}")
    name = schema["$ref"].rpartition("/")[2]
    flat = _inline(parts[name], parts)
    return {"required": True, "content": {"application/json": {"schema": flat}}}


def _inline(schema: Any, parts: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON schema
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inline(parts[schema["$ref"].rpartition("/")[2]], parts)
        return {key: _inline(value, parts) for key, value in schema.items()}
    return [_inline(one, parts) for one in schema] if isinstance(schema, list) else schema


REQUEST_BODY: Final = _request_body()
