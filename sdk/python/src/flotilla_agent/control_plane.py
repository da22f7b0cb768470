"""The calls of an agent, over any transport. Each has a time limit of its own."""

from __future__ import annotations

import dataclasses
import email.utils
import typing

from . import contract
from .clock import ServerClock
from .files import decode, encode


class CallFailure(Exception):
    """A call that did not do what it should."""

    def __init__(self, text: str, status: int | None = None, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(text)
        #: What the control plane answered; None when nobody knows whether it got the call.
        self.status = status
        #: The problem's code; empty when there is none.
        self.code = code
        #: For how many seconds the control plane wants no further call.
        self.retry_after = retry_after
        #: Whether other calls succeeded right before, so that the control plane is not away.
        self.follows_success = False

    @property
    def is_final(self) -> bool:
        """Whether the same call can only fail again."""
        return self.status in (400, 403, 404, 405, 409, 410, 413, 415, 422)


@dataclasses.dataclass
class Answer:
    """What a transport answers; the names of header fields in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes


#: Sends a request within so many seconds: method, path with its query, header fields, body. It raises OSError.
Transport = typing.Callable[[str, str, typing.Dict[str, str], typing.Optional[bytes], float], Answer]


class ControlPlane:
    #: For how many seconds a call may take that is no waiting poll.
    LIMIT = 10.0

    def __init__(self, transport: Transport, server_clock: ServerClock) -> None:
        self._transport = transport
        self._server_clock = server_clock

    def beat(self, heartbeat: contract.Heartbeat, limit: float) -> None:
        self._call(lambda client: client.post_heartbeat(heartbeat), limit)

    def commands(self, instance_id: str, patience: int) -> list[object]:
        """The commands that an instance has to carry out, each as it came. `patience` is how many seconds the control plane may wait
        for one, 0 to 60."""
        answer = self._call(
            lambda client: client.list_pending_commands(instance_id, wait=f"{patience}s"), patience + self.LIMIT
        )
        if not isinstance(answer, list):
            raise CallFailure("the answer is no list of commands")
        return answer

    def acknowledge(self, acknowledgement: contract.Acknowledgement, limit: float = LIMIT) -> str | None:
        """Returns the status that the command has now; None when the answer does not say."""
        answer = self._call(
            lambda client: client.acknowledge_command(acknowledgement.command_id, acknowledgement), limit
        )
        return answer.get("command_status") if isinstance(answer, dict) else None

    def report(self, kind: str, elements: list[dict[str, object]]) -> list[dict[str, typing.Any]]:
        """Reports elements of one kind, at most a thousand; returns those that are refused, each with its `index`."""
        calls: dict[str, typing.Callable[[contract.Client], object]] = {
            "metrics": lambda client: client.post_metric(elements),
            "positions": lambda client: client.post_position(elements),
            "costs": lambda client: client.post_cost(elements),
            "execution-quality": lambda client: client.post_execution_sample(elements),
        }
        answer = self._call(calls[kind], self.LIMIT)
        items = answer.get("items") or [] if isinstance(answer, dict) else []
        return [item for item in items if item["status"] == "rejected"]

    def claim(self, acknowledgement: contract.Acknowledgement) -> str | None:
        """Somebody may have taken the command back since it was delivered. A control plane that does not answer keeps nobody from
        obeying."""
        try:
            status = self.acknowledge(acknowledgement, limit=2)
        except CallFailure as error:
            return str(error) if error.status in (403, 404) else None
        return None if status in (None, "ACCEPTED") else f"the command is {status}"

    def send(self, acknowledgement: contract.Acknowledgement) -> None:
        self.acknowledge(acknowledgement)

    # Calling

    def _call(self, call: typing.Callable[[contract.Client], object], limit: float) -> typing.Any:
        """What is answered, as JSON. A 2xx says that the call is done; what else an answer says is read as far as it is understood, for
        a control plane may be newer or older than its agents."""
        bodies: list[object] = []

        def transport(method: str, path: str, headers: dict[str, str], body: object) -> contract.Response:
            bodies.append(self._send(method, path, headers, body, limit))
            return contract.Response(200, None)

        try:
            call(contract.Client(transport))
        except CallFailure:
            raise
        except Exception:
            # The generated client reads the answer as the contract of this version has it. Nothing here depends on that.
            if not bodies:
                raise
        return bodies[0]

    def _send(self, method: str, path: str, headers: dict[str, str], body: object, limit: float) -> object:
        headers = {"User-Agent": "flotilla-agent", **headers}
        data = None
        if body is not None:
            try:
                data = encode(body).encode()
            except (TypeError, ValueError) as error:
                raise CallFailure(f"the call cannot be written as JSON: {error}") from error
            headers["Content-Type"] = "application/json"
        try:
            answer = self._transport(method, path, headers, data, limit)
        except OSError as error:
            raise CallFailure(f"no answer: {error!r}") from error
        self._observe(answer.headers.get("date"))
        try:
            json = decode(answer.body) if answer.body else None
        except ValueError:
            json = None
        if not 200 <= answer.status < 300:
            raise _failure(answer, json)
        return json

    def _observe(self, date: str | None) -> None:
        try:
            if date:
                self._server_clock.observe(email.utils.parsedate_to_datetime(date))
        except ValueError:
            pass


def _failure(answer: Answer, json: object) -> CallFailure:
    problem = json if isinstance(json, dict) else {}
    code = str(problem.get("code", ""))
    after = answer.headers.get("retry-after", "")
    retry_after = float(min(int(after), 3600)) if after.isascii() and after.isdigit() else None
    return CallFailure(f"{answer.status} {code}: {problem.get('detail', '')}", answer.status, code, retry_after)
