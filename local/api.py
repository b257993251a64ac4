"""A small client of the Rollcall API."""

from typing import Any

import requests

TIMEOUT_SECONDS = 60


class ApiError(Exception):
    """The API answered with a problem."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(
            f"{status} {problem.get('title', '')}: {problem.get('detail', '')} {problem.get('errors', '')}"
        )
        self.status = status
        self.problem = problem


class Api:
    """The routes under /v1, with one caller's token."""

    def __init__(self, api_url: str, token: str) -> None:
        self._root = f"{api_url}/v1"
        self._session = requests.Session()
        # Not the machine's proxies, nor a password it may keep for this host.
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: str) -> Any:
        """Read a resource."""
        return self.call("GET", path, params=query)

    def put(self, path: str, body: object) -> Any:
        """Write a resource."""
        return self.call("PUT", path, json=body)

    def post(self, path: str, body: object) -> Any:
        """Create a resource, or ask for something."""
        return self.call("POST", path, json=body)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Call a route and give back its JSON; anything but success is an ApiError."""
        answer = self._session.request(method, self._root + path, timeout=TIMEOUT_SECONDS, **options)
        if not answer.ok:
            raise ApiError(answer.status_code, _problem(answer))
        return answer.json()


def _problem(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return {"detail": answer.text[:300]}
    return body if isinstance(body, dict) else {"detail": str(body)[:300]}
