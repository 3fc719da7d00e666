"""Settings: every one is an environment variable ``IORT_CDS_*``, and most a flag of `serve`."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Texts = Annotated[list[str], NoDecode]


class Settings(BaseSettings):
    """All settings, with their defaults."""

    model_config = SettingsConfigDict(env_prefix="IORT_CDS_", extra="ignore")

    profile: Literal["sandbox", "production"] = Field(
        default="sandbox",
        description="sandbox: open to every caller, on the loopback only; production: registered "
        "callers only",
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8080, ge=0, le=65535, description="port to listen on")
    workers: int = Field(default=1, ge=1, description="number of processes")
    guideline: Path | None = Field(
        default=None, description="guideline file instead of the one that is shipped"
    )
    readings: Path | None = Field(
        default=None, description="file with readings of your own, laid over the guideline's"
    )
    public_url: str = Field(
        default="", description="where this service is reached from outside, if behind a proxy"
    )
    local_maps: Path | None = Field(
        default=None, description="folder of FHIR ConceptMaps that translate local codes"
    )
    payers: Texts = Field(
        default_factory=list,
        description="payers known to use the guideline: names, or identifiers as system|value",
    )
    zone: str = Field(default="", description="time zone of the hospital, such as America/Chicago")
    today: date | None = Field(default=None, description="a fixed date of evaluation, for tests")
    null_means: Literal["empty", "unreadable"] = Field(
        default="empty", description="what null says in the prefetch of a search"
    )
    unobtainable: Literal["card", "412"] = Field(
        default="card", description="how to answer when the data cannot be had"
    )
    cors_origins: Texts = Field(
        default_factory=lambda: ["*"], description="origins whose pages may call the service"
    )

    allow_remote: bool = Field(
        default=False, description="sandbox: listen on another address than the loopback"
    )
    registry: Path | None = Field(
        default=None, description="file that registers the EHRs which are trusted"
    )
    discovery_open: bool = Field(
        default=True, description="whether discovery is answered without a token"
    )
    deadline: float = Field(
        default=4.0, gt=0, le=60, description="seconds in which a request is answered"
    )
    query_timeout: float = Field(
        default=3.0, gt=0, le=60, description="seconds that one query to an EHR may take"
    )
    max_pages: int = Field(default=10, ge=1, description="pages of one search that are followed")
    egress_proxy: str = Field(default="", description="proxy through which EHRs are reached")
    ca_bundle: Path | None = Field(
        default=None, description="certificates of the authorities that EHRs are trusted by"
    )
    client_certificate: Path | None = Field(
        default=None, description="certificate and key that are shown to EHRs, one PEM file"
    )
    store: str = Field(
        default="sqlite:///iort-cds.db",
        description="database for feedback and audit, as an SQLAlchemy URL; empty for none",
    )
    hash_key: SecretStr = Field(
        default=SecretStr(""), description="key under which patients are hashed in the store"
    )
    retention_days: int = Field(
        default=730, ge=1, description="days after which stored records are deleted"
    )
    body_limit: int = Field(
        default=20_000_000, ge=1000, description="bytes that the body of a request may have"
    )
    rate_limit: int = Field(default=600, ge=1, description="requests per minute and caller")
    concurrency: int = Field(
        default=64, ge=1, description="requests that are answered at the same time"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severity that is logged"
    )

    @field_validator("payers", "cors_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Accept a list with semicolons between its items."""
        if isinstance(value, str):
            return [item.strip() for item in value.split(";") if item.strip()]
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            if value:
                ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone") from None
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("not an address that starts with https:// or http://")
        return value.rstrip("/")

    def current_date(self) -> date:
        """Return today in the hospital's zone, or the fixed date."""
        if self.today is not None:
            return self.today
        if self.zone:
            return datetime.now(ZoneInfo(self.zone)).date()
        return datetime.now().astimezone().date()
