"""Posting JSON to servers that the user names: a FHIR server, a running service."""

from typing import Any

import httpx
import msgspec

Json = dict[str, Any]
FHIR_JSON = "application/fhir+json"
_SECONDS = 60.0  # a server that has just started takes its time


class UnansweredError(Exception):
    """A server did not do what was asked; the message says which and why."""


class UnreachableError(UnansweredError):
    """A server cannot be reached at all; the next request would not reach it either."""


def make_client() -> httpx.Client:
    """Make the client; a proxy of the environment would not lead to the user's own machine."""
    return httpx.Client(timeout=_SECONDS, trust_env=False)


def post_json(client: httpx.Client, url: str, body: Json, kind: str = "application/json") -> Json:
    """Post a body and return the answer.

    Raises:
        UnansweredError: the server refused, or answered anything but a JSON object.
    """
    headers = {"accept": kind, "content-type": kind}
    try:
        response = client.post(url, content=msgspec.json.encode(body), headers=headers)
    except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise UnreachableError(f"{url} cannot be reached: {error}") from None
    except httpx.HTTPError as error:
        raise UnansweredError(f"{url} did not answer: {type(error).__name__}") from None
    answer = _object(response)
    if response.is_success and answer is not None:
        return answer
    reason = f"{response.status_code} {response.reason_phrase}".strip()
    raise UnansweredError(f"{url} answered {reason}{_issues(answer or {})}")


def _object(response: httpx.Response) -> Json | None:
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _issues(outcome: Json) -> str:
    """Return what an OperationOutcome says."""
    issues = outcome.get("issue")
    said = [_text(one) for one in issues if isinstance(one, dict)] if issues else []
    return f": {'; '.join(said)}" if said else ""


def _text(issue: Json) -> str:
    details = issue.get("details")
    text = details.get("text") if isinstance(details, dict) else None
    return str(issue.get("diagnostics") or text or issue.get("code"))
