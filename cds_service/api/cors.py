"""Which web pages may call: those of the settings, and those of EHRs that are registered."""

from collections.abc import Callable, Collection

from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from cds_service.api.state import State


class OriginsMiddleware(CORSMiddleware):
    """CORS for origins that may change while the process runs.

    Args:
        origins: returns the origins that are allowed now; ``*`` among them at the start allows all.
    """

    def __init__(self, app: ASGIApp, origins: Callable[[], Collection[str]]) -> None:
        super().__init__(
            app,
            allow_origins=["*"] if "*" in origins() else [],
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
        )
        self._origins = origins

    def is_allowed_origin(self, origin: str) -> bool:
        """Tell whether pages of an origin may call."""
        return self.allow_all_origins or origin in self._origins()


def allowed_origins(state: State) -> frozenset[str]:
    """Return the origins that may call; in production, `*` allows nobody."""
    configured = frozenset(state.settings.cors_origins)
    if state.settings.profile == "production":
        configured -= {"*"}
    return configured | state.trust.registry().origins
