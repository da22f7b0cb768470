"""Signs commands with an operator's key: `flotilla-agent sign` prints the body of `POST /commands`."""

from __future__ import annotations

import argparse
import datetime
import threading
import time
import typing
import uuid

from .command import COMMAND_TYPES
from .configuration import ConfigurationError
from .files import decode, encode
from .signatures import MissingLibrary, key_id, statement


class OperatorKey:
    """An operator's private key."""

    def __init__(self, pem: bytes) -> None:
        """Reads a key, as `openssl genpkey -algorithm ed25519` writes it. Raises ValueError for any other text, and MissingLibrary."""
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        except ImportError:
            raise MissingLibrary() from None
        try:
            key = load_pem_private_key(pem, None)
        except (TypeError, ValueError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("found no private key, expected an unencrypted Ed25519 key in PEM")
        self._key = key
        #: The public key in hexadecimal, as `POST /command-keys` takes it.
        self.public_key = key.public_key().public_bytes_raw().hex()

    def request(
        self,
        author: str,
        instance_id: str,
        command_type: str,
        payload: typing.Mapping[str, object] | None = None,
        seconds: float = 300,
        reason: str | None = None,
    ) -> dict[str, typing.Any]:
        """The body of `POST /commands` for a signed command.

        `author` is the name of the token that sends it. `seconds` is the command's lifetime by this machine's clock, which must agree with the
        control plane's. Raises ValueError if a text contains a line break.
        """
        sequence = time.time_ns() // 1000
        now = datetime.datetime.now(datetime.timezone.utc)
        expires_at = now + datetime.timedelta(seconds=seconds)
        command_id = uuid.uuid4()
        text = encode(dict(payload or {}))
        key = key_id(bytes.fromhex(self.public_key))
        message = statement(key, command_id, instance_id, command_type, text, expires_at, sequence, author)
        body: dict[str, typing.Any] = {
            "command_id": str(command_id),
            "instance_id": instance_id,
            "command_type": command_type,
            "issued_at": now.isoformat(),
            "expires_at": expires_at.isoformat(),
            "payload": decode(text),
            "signature": {"key_id": key, "sequence": sequence, "payload": text, "signature": self._key.sign(message).hex()},
        }
        return body if reason is None else {**body, "reason": reason}


def main(arguments: list[str], _stopping: threading.Event) -> None:
    """Prints the body of a signed command. Raises ConfigurationError if the key or the payload cannot be used."""
    parser = argparse.ArgumentParser(prog="flotilla-agent sign", description="Print the body of POST /commands for a signed command.")
    parser.add_argument("--key", required=True, metavar="FILE", help="the private key, as openssl genpkey -algorithm ed25519 writes it")
    parser.add_argument("--author", required=True, help="the name of the token that sends the command")
    parser.add_argument("--instance", required=True, help="the instance that must execute the command")
    parser.add_argument("--type", required=True, choices=sorted(COMMAND_TYPES))
    parser.add_argument("--payload", default="{}", help="a JSON object (default: {})")
    parser.add_argument("--seconds", type=float, default=300, help="the lifetime of the command (default: 300)")
    parser.add_argument("--reason")
    given = parser.parse_args(arguments)
    try:
        payload = decode(given.payload)
        if not isinstance(payload, dict):
            raise ValueError("--payload: expected a JSON object")
        with open(given.key, "rb") as file:
            key = OperatorKey(file.read())
        print(encode(key.request(given.author, given.instance, given.type, payload, given.seconds, given.reason)))
    except (ValueError, OverflowError, MissingLibrary) as error:
        raise ConfigurationError(str(error)) from None
