"""Starting up: settings and guideline, with errors a user can act on."""

from typing import Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from cds_service.assess import Assessor
from cds_service.ehr.addresses import is_loopback
from cds_service.ehr.network import make_client
from cds_service.factory import build_assessor, open_registry, outbound_of
from cds_service.guideline.errors import GuidelineError
from cds_service.settings import Settings
from cds_service.store.errors import StoreError
from cds_service.store.store import Store
from cds_service.trust.registry import Registry, RegistryError
from fhir_mappings.terminology import TerminologyError


def settings_or_exit(**flags: Any) -> Settings:  # noqa: ANN401 - whatever the flags are
    """Return the settings, flags before environment; exit with what is wrong."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        for one in error.errors():
            name = ".".join(map(str, one["loc"]))
            _say(f"setting {name} (IORT_CDS_{name.upper()}): {one['msg']}")
        raise typer.Exit(2) from None


def assessor_or_exit(settings: Settings) -> Assessor:
    """Return the assessor; exit with what is wrong in a guideline or terminology file."""
    try:
        return build_assessor(settings)
    except (GuidelineError, TerminologyError) as error:
        stop(str(error))


def on_loopback_or_exit(settings: Settings) -> None:
    """Exit if the service would listen where strangers can call it."""
    if not (settings.allow_remote or is_loopback(settings.host)):
        stop(
            "setting host (IORT_CDS_HOST): profile sandbox is open to every caller, "
            "so it listens on the loopback only; --allow-remote lifts that, for containers"
        )


def fit_for_profile_or_exit(settings: Settings) -> None:
    """Exit if a profile lacks what it needs: production trusts only what it is told to."""
    if settings.profile == "sandbox":
        on_loopback_or_exit(settings)
        return
    wanted = {
        "registry": settings.registry is not None,
        "public_url": settings.public_url.startswith("https://"),
        "store": "store" in settings.model_fields_set and bool(settings.store),
        "hash_key": bool(settings.hash_key.get_secret_value()),
    }
    lacking = [name for name, there in wanted.items() if not there]
    if lacking:
        shown = ", ".join(f"{name} (IORT_CDS_{name.upper()})" for name in lacking)
        stop(
            f"profile production needs these settings: {shown}; public_url has to start with https"
        )


def parts_or_exit(settings: Settings) -> None:
    """Exit with what is wrong in a file or database that the settings name."""
    try:
        registry = open_registry(settings)
        if registry is not None and settings.profile == "production":
            _check_clients(registry.current())
        if settings.store:
            Store.open(settings.store).close()
        make_client(outbound_of(settings), lambda *_: False)
    except (RegistryError, StoreError) as error:
        stop(str(error))
    except OSError as error:  # ssl.SSLError is one
        stop(f"a certificate (ca_bundle, client_certificate) cannot be used: {error.strerror}")


def _check_clients(registry: Registry) -> None:
    """Exit where a token for us could not be told from one that was meant for another service."""
    known = [one.options for one in registry.ehrs]
    lacking = [one.name for one in known if one.servers and not one.open and one.client_id is None]
    if lacking:
        stop(f"profile production needs the clientId of these EHRs: {', '.join(lacking)}")


def stop(message: str) -> NoReturn:
    """Say what is wrong and exit."""
    _say(message)
    raise typer.Exit(2)


def errors_console() -> Console:
    """Return stderr, for lines as they are: file names may hold what Rich takes for markup."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def _say(message: str) -> None:
    errors_console().print(message)
