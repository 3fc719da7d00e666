"""The shape of a trust registry file."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Algorithm = Literal[
    "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"
]
"""What a token may be signed with: never `none`, and nothing with a shared secret."""

Text = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=2048)]
FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Entry(BaseModel):
    """What all parts share: camelCase members, none unknown, nothing converted."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        hide_input_in_errors=True,
    )


class JwksEntry(_Entry):
    """Where the keys of an EHR are: a URL, or a file beside the registry."""

    url: Text | None = None
    file: FileName | None = None


class EhrEntry(_Entry):
    """An EHR."""

    issuer: Text = Field(description="the `iss` of its tokens")
    jwks: JwksEntry
    jku: Text | None = Field(
        default=None, description="what its tokens may say in `jku`, besides the URL of the keys"
    )
    fhir_servers: list[Text] = Field(
        default_factory=list, description="base addresses at or below which its FHIR servers lie"
    )
    algorithms: list[Algorithm] = Field(
        default=["ES384", "RS384"], min_length=1, description="what its tokens are signed with"
    )
    leeway: float = Field(default=60, ge=0, le=300, description="seconds that clocks may differ")
    lifetime: float = Field(
        default=3600, gt=0, le=86_400, description="seconds between `iat` and `exp` at most"
    )
    tenants: list[Text] | None = Field(
        default=None, min_length=1, description="its tenants that are served; all if left out"
    )
    replay: Literal["strict", "tolerant"] = Field(
        default="strict", description="tolerant: the very same token may be sent more than once"
    )
    client_id: Text | None = Field(
        default=None, description="id of this service at its authorization server"
    )
    origins: list[Text] = Field(
        default_factory=list, description="origins of its pages that call the service"
    )
    rate: int | None = Field(default=None, ge=1, description="requests per minute")
    open: bool = Field(default=False, description="it may be asked without a token")
    private: bool = Field(
        default=False, description="its addresses may be private ones, and plain http"
    )
    bare: bool = Field(
        default=False, description="Observations may be searched for by patient alone"
    )
    null_means: Literal["empty", "unreadable"] | None = Field(
        default=None, description="what null says in the prefetch of a search"
    )


class RegistryFile(_Entry):
    """A registry file."""

    ehrs: dict[Name, EhrEntry]
