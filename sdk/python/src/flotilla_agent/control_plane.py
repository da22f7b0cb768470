"""The requests of an agent to the control plane."""

from __future__ import annotations

import dataclasses
import email.utils
import typing

from . import contract
from .clock import ServerClock
from .files import decode, encode


class CallFailure(Exception):
    """A failed request to the control plane. Its text is the message for logs."""

    def __init__(self, text: str, status: int | None = None, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(text)
        #: The HTTP status of the response; None without a response, when the outcome of the request is unknown.
        self.status = status
        #: The problem code of the response; empty if it has none.
        self.code = code
        #: The pause that the control plane asked for with `Retry-After`, in seconds, at most 3600.
        self.retry_after = retry_after
        #: Whether an earlier request of the same flush succeeded, so that the control plane is available and backoff starts again.
        self.follows_success = False

    @property
    def is_final(self) -> bool:
        """Whether a retry of the same request would fail again."""
        return self.status in (400, 403, 404, 405, 409, 410, 413, 415, 422)


@dataclasses.dataclass
class Response:
    """An HTTP response, as a transport returns it."""

    status: int
    #: The header fields, with lower-case names.
    headers: dict[str, str]
    body: bytes


#: Sends a request and returns the response. The arguments are the method, the path with its query, the header fields, the body, and the
#: time limit in seconds. Raises OSError if there is no response within the limit.
Transport = typing.Callable[[str, str, typing.Dict[str, str], typing.Optional[bytes], float], Response]


class ControlPlane:
    """The requests of an agent to the control plane, over any transport. All methods raise CallFailure."""

    #: The time limit of requests other than polls, in seconds.
    LIMIT = 10.0

    def __init__(
        self, transport: Transport, server_clock: ServerClock, secret: typing.Callable[[], str | None] = lambda: None
    ) -> None:
        """`secret` returns the agent's token, which may change; None without one."""
        self._transport = transport
        self._server_clock = server_clock
        self._secret = secret

    def beat(self, heartbeat: contract.Heartbeat, limit: float) -> None:
        """Sends a heartbeat, within `limit` seconds."""
        self._call(lambda client: client.post_heartbeat(heartbeat), limit)

    def commands(self, instance_id: str, patience: int) -> list[object]:
        """Polls for the pending commands of an instance, and returns each as undecoded JSON. `patience` is how long the control plane may
        hold the request until there is a command, 0 to 60 seconds."""
        body = self._call(
            lambda client: client.list_pending_commands(instance_id, wait=f"{patience}s"), patience + self.LIMIT
        )
        if not isinstance(body, list):
            raise CallFailure("the response to the poll must be a JSON array of commands")
        return body

    def acknowledge(self, acknowledgement: contract.Acknowledgement, limit: float = LIMIT) -> str | None:
        """Sends an acknowledgement. Returns the new status of the command, or None if the response does not contain it."""
        body = self._call(
            lambda client: client.acknowledge_command(acknowledgement.command_id, acknowledgement), limit
        )
        return body.get("command_status") if isinstance(body, dict) else None

    def report(self, kind: str, elements: list[dict[str, object]]) -> list[dict[str, typing.Any]]:
        """Sends up to 1,000 reports of one kind, and returns the rejected ones, each with its `index` in `elements`."""
        calls: dict[str, typing.Callable[[contract.Client], object]] = {
            "metrics": lambda client: client.post_metric(elements),
            "positions": lambda client: client.post_position(elements),
            "costs": lambda client: client.post_cost(elements),
            "execution-quality": lambda client: client.post_execution_sample(elements),
            "orders": lambda client: client.post_order(elements),
            "fills": lambda client: client.post_fill(elements),
            "trades": lambda client: client.post_trade(elements),
            "balances": lambda client: client.post_balances(elements),
            "log": lambda client: client.post_log_line(elements),
        }
        body = self._call(calls[kind], self.LIMIT)
        items = body.get("items") or [] if isinstance(body, dict) else []
        return [item for item in items if item["status"] == "rejected"]

    def compare_books(self, report: contract.BookReport, limit: float = LIMIT) -> contract.BookComparison:
        """Compares the bot's records with the books, within `limit` seconds and at most 10, and returns the differences."""
        return contract.BookComparison.from_json(self._call(lambda client: client.compare_books(report), min(limit, self.LIMIT)))

    def claim(self, acknowledgement: contract.Acknowledgement) -> str | None:
        """Sends ACCEPTED before a command is executed. Returns the reason why the command must not be executed, or None.

        The command may have been canceled since it was delivered. If the control plane does not answer within 2 seconds, the command is
        executed: FLATTEN must not depend on the network.
        """
        try:
            status = self.acknowledge(acknowledgement, limit=2)
        except CallFailure as error:
            return str(error) if error.status in (403, 404) else None
        return None if status in (None, "ACCEPTED") else f"the command is {status}"

    def send(self, acknowledgement: contract.Acknowledgement) -> None:
        """Sends the outcome of a command."""
        self.acknowledge(acknowledgement)

    def enroll(self, code: str, enrolment: contract.AgentEnrolment) -> dict[str, typing.Any]:
        """Exchanges an enrolment code for a credential, and returns it without its secret."""
        return self._credential(lambda client: client.enroll_agent(enrolment), {"X-Enrolment-Code": code})

    def rotate(self, secret_hash: str, secret: str | None = None) -> dict[str, typing.Any]:
        """Replaces the credential, and returns the new one without its secret. `secret` is the current one; the default is the agent's."""
        rotation = contract.CredentialRotation(secret_hash)
        headers = {} if secret is None else {"X-Agent-Token": secret}
        return self._credential(lambda client: client.rotate_credential(rotation), headers)

    def _credential(self, call: typing.Callable[[contract.Client], object], headers: dict[str, str]) -> dict[str, typing.Any]:
        body = self._call(call, self.LIMIT, headers)
        if not isinstance(body, dict):
            raise CallFailure("the response must be a credential")
        return body

    # Requests

    def _call(
        self, call: typing.Callable[[contract.Client], object], limit: float, credentials: dict[str, str] | None = None
    ) -> typing.Any:
        """Sends a request, and returns the response body as JSON. Any 2xx status is a success, even if the body cannot be decoded, because
        the control plane may be newer or older than the agent."""
        bodies: list[object] = []

        def transport(method: str, path: str, headers: dict[str, str], body: object) -> contract.Response:
            bodies.append(self._send(method, path, {**headers, **(credentials or {})}, body, limit))
            return contract.Response(200, None)

        try:
            call(contract.Client(transport))
        except CallFailure:
            raise
        except Exception:
            # The generated client decodes the response by the contract of this version. Ignore its errors: the raw body is returned.
            if not bodies:
                raise
        return bodies[0]

    def _send(self, method: str, path: str, headers: dict[str, str], body: object, limit: float) -> object:
        secret = self._secret()
        headers = {"User-Agent": "flotilla-agent", **({"X-Agent-Token": secret} if secret else {}), **headers}
        data = None
        if body is not None:
            try:
                data = encode(body).encode()
            except (TypeError, ValueError) as error:
                raise CallFailure(f"the request cannot be encoded as JSON: {error}") from error
            headers["Content-Type"] = "application/json"
        try:
            response = self._transport(method, path, headers, data, limit)
        except OSError as error:
            raise CallFailure(f"no response: {error!r}") from error
        self._observe(response.headers.get("date"))
        try:
            json = decode(response.body) if response.body else None
        except ValueError:
            json = None
        if not 200 <= response.status < 300:
            raise _failure(response, json)
        return json

    def _observe(self, date: str | None) -> None:
        try:
            if date:
                self._server_clock.observe(email.utils.parsedate_to_datetime(date))
        except ValueError:
            pass


def _failure(response: Response, json: object) -> CallFailure:
    problem = json if isinstance(json, dict) else {}
    code = str(problem.get("code", ""))
    after = response.headers.get("retry-after", "")
    retry_after = float(min(int(after), 3600)) if after.isascii() and after.isdigit() else None
    return CallFailure(f"{response.status} {code}: {problem.get('detail', '')}", response.status, code, retry_after)
