"""freqtrade's REST API."""

from __future__ import annotations

import base64
import email.utils
import types
import typing
import urllib.parse

from ..files import decode, encode
from ..http import HTTPTransport
from .adapter import BotFailure, BotRefusal


class NotFound(BotRefusal):
    """The bot has no such path: its version is older, or its element is gone."""


class FreqtradeAPI:
    """Calls of freqtrade's REST API. All methods raise BotFailure without a usable answer and BotRefusal with the bot's words."""

    #: The time limit of a question, in seconds.
    LIMIT = 5.0
    #: The time limit of a request that makes the bot talk to its exchange, in seconds.
    EFFECT_LIMIT = 15.0

    def __init__(self, url: str, username: str, password: str) -> None:
        """`url` is the address of the bot's API server, with or without `/api/v1`."""
        self._url = url.rstrip("/").removesuffix("/api/v1") + "/api/v1"
        self._transport = HTTPTransport(self._url)
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "User-Agent": "flotilla-agent"}
        #: The bot's time at its newest answer, to the second, in milliseconds; 0 if its answers have no time.
        self.answered_at = 0

    def close(self) -> None:
        """Closes all connections."""
        self._transport.close()

    def get(self, path: str) -> typing.Any:
        """Asks a question, and returns the answer's JSON with exact numbers."""
        return self._call("GET", path, None, self.LIMIT)

    def post(self, path: str, body: object = None) -> typing.Any:
        """Requests an effect."""
        return self._call("POST", path, body, self.EFFECT_LIMIT)

    def delete(self, path: str) -> typing.Any:
        """Requests a deletion."""
        return self._call("DELETE", path, None, self.EFFECT_LIMIT)

    def post_any(self, *paths: str, body: object = None) -> typing.Any:
        """Requests an effect by the first of several paths that the bot's version has."""
        for path in paths[:-1]:
            try:
                return self.post(path, body)
            except NotFound:
                continue
        return self.post(paths[-1], body)

    def message_url(self) -> str:
        """The URL of the bot's WebSocket, with a token that is valid for some minutes."""
        answer = self.post("/token/login")
        with Reading("POST /token/login"):
            token = str(answer["access_token"])
        parts = urllib.parse.urlsplit(self._url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        return f"{scheme}://{parts.netloc}{parts.path}/message/ws?{urllib.parse.urlencode({'token': token})}"

    def _call(self, method: str, path: str, body: object, limit: float) -> typing.Any:
        headers, data = dict(self._headers), None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = encode(body).encode()
        name = f"{method} {path.partition('?')[0]}"
        try:
            response = self._transport(method, path, headers, data, limit)
        except TimeoutError:
            raise BotFailure(f"{name}: no answer within {limit:g} seconds") from None
        except OSError as error:
            raise BotFailure(f"{name}: no answer: {error}") from None
        self._read_time(response.headers)
        text = response.body[:300].decode(errors="replace")
        try:
            json = decode(response.body)
        except ValueError:
            json = None
            if 200 <= response.status < 300:
                raise BotFailure(f"{name}: the answer is not JSON: {text[:100]!r}") from None
        if 200 <= response.status < 300:
            return json
        words = json.get("error") or json.get("detail") if isinstance(json, dict) else text
        if response.status == 401:
            raise BotFailure(f"{name}: 401: the bot does not accept the user name and the password")
        if response.status in (404, 405):
            raise NotFound(f"{name}: {response.status}: {words}")
        raise BotRefusal(f"{name}: {response.status}: {words}")

    def _read_time(self, headers: dict[str, str]) -> None:
        try:
            date = email.utils.parsedate_to_datetime(headers.get("date", ""))
            self.answered_at = int(date.timestamp()) * 1000
        except (ValueError, OverflowError):
            pass


class Reading:
    """Turns the errors of reading an answer into BotFailure, because an answer of the wrong shape is nonsense. Use it in `with`."""

    def __init__(self, name: str) -> None:
        """`name` is the request, such as `GET /status`."""
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        if isinstance(error, (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError)):
            raise BotFailure(f"{self._name}: the answer does not make sense: {error!r}") from None
