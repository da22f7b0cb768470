"""The credential of an enrolled instance: a file that the agent rotates.

The agent chooses each secret and writes it to the file before it sends the hash, so a lost response loses nothing.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
import typing

from . import contract
from .configuration import AgentConfiguration, ConfigurationError
from .control_plane import CallFailure, ControlPlane
from .files import decode, encode, read, replace


class Credential:
    """The credential in the directory of an instance. AgentKit for Swift reads and writes the same file."""

    #: The longest pause before the agent looks at its clock again, in seconds: the clock may jump.
    LONGEST_WAIT = 3600.0

    def __init__(self, directory: str, wall: typing.Callable[[], float] = time.time) -> None:
        """Reads the file, if it exists; raises ConfigurationError if it is damaged. `wall` is the time in seconds since 1970."""
        self._path = f"{directory}/credential.json"
        self._wall = wall
        #: The secret that the control plane knows; None if the instance is not enrolled.
        self.secret: str | None = None
        self._next: str | None = None
        self._rotate_at = 0.0
        data = read(self._path)
        if data is None:
            return
        try:
            body = decode(data)
            self.secret, self._next = _text(body.get("token")), _text(body.get("next"))
            self._rotate_at = float(body.get("rotate_at", 0))
        except (ValueError, TypeError, AttributeError):
            raise ConfigurationError(f"{self._path}: it is damaged; delete it, and enroll the instance again") from None

    @staticmethod
    def of(configuration: AgentConfiguration) -> Credential | None:
        """The stored credential of an instance that has no other token; None if it is not enrolled."""
        if configuration.token is not None:
            return None
        credential = Credential(configuration.instance_directory)
        return credential if credential.secret is not None else None

    @property
    def due_in(self) -> float:
        """Seconds until the credential should be rotated."""
        return min(max(self._rotate_at - self._wall(), 0.0), self.LONGEST_WAIT)

    @property
    def is_due(self) -> bool:
        """Whether the credential should be rotated now."""
        return self._wall() >= self._rotate_at

    def enroll(self, control_plane: ControlPlane, code: str, instance_id: str, bot_id: str) -> bool:
        """Exchanges a code for the credential. Returns False if the stored credential is valid already; raises CallFailure or OSError.

        A call after a lost response continues the same enrolment, which counts once.
        """
        if self.secret is not None and self._is_accepted(control_plane, self.secret):
            return False
        secret = self._choose_next()
        try:
            result = control_plane.enroll(code, contract.AgentEnrolment(instance_id, bot_id, _hash(secret)))
        except CallFailure as error:
            # A repeated enrolment whose code has expired since: the first response may have been lost.
            if error.status not in (401, 409) or not self._is_accepted(control_plane, secret):
                raise
            result = control_plane.rotate(_hash(secret), secret)
        self._adopt(secret, result)
        return True

    def rotate(self, control_plane: ControlPlane) -> None:
        """Replaces the secret; raises CallFailure or OSError."""
        secret = self._choose_next()
        try:
            result = control_plane.rotate(_hash(secret))
        except CallFailure as error:
            # The current secret has expired since a rotation whose response was lost.
            if error.status != 401:
                raise
            result = control_plane.rotate(_hash(secret), secret)
        self._adopt(secret, result)

    def _is_accepted(self, control_plane: ControlPlane, secret: str) -> bool:
        """Whether the control plane accepts a secret: a rotation to itself changes nothing."""
        try:
            control_plane.rotate(_hash(secret), secret)
            return True
        except CallFailure as error:
            if error.status not in (401, 409):
                raise
            return False

    def _choose_next(self) -> str:
        if self._next is None:
            self._next = f"flt_{secrets.token_urlsafe(33)}"
            try:
                self._save()
            except BaseException:
                # A secret that is not in the file must not be sent, also in a later attempt.
                self._next = None
                raise
        return self._next

    def _adopt(self, secret: str, result: dict[str, typing.Any]) -> None:
        self.secret, self._next = secret, None
        self._rotate_at = self._wall() + float(result.get("rotate_in_seconds", self.LONGEST_WAIT))
        self._save()

    def _save(self) -> None:
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        body = {"token": self.secret, "next": self._next, "rotate_at": int(self._rotate_at)}
        # Only the user can read the file.
        replace(self._path, encode(body))


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise TypeError("expected a text")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
