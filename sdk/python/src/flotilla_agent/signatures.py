"""Signed commands: the keys that an agent trusts, and the order of signed commands."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
import typing
import uuid

from .command import PROTECTIVE, AgentCommand
from .files import decode

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_ENTRY = re.compile(r"(server|operator):([0-9A-Fa-f]{64})", re.ASCII)
_EXPECTED = "expected server:HEX or operator:HEX with 64 hexadecimal digits"
_NAMES = {"SERVER": "the control plane", "OPERATOR": "an operator"}
#: The largest number that every language can decode exactly.
_LARGEST = 2**53 - 1


class MissingLibrary(Exception):
    """The package `cryptography` is not installed. Its text tells how to install it."""

    def __init__(self) -> None:
        super().__init__("found keys, but the package cryptography is not installed; install flotilla-agent[signed]")


class Refusal(Exception):
    """The reason why a command must not be executed."""


def statement(
    key_id: str,
    command_id: uuid.UUID,
    instance_id: str,
    command_type: str,
    payload: str,
    expires_at: datetime.datetime,
    sequence: int,
    author: str,
) -> bytes:
    """The bytes that are signed; `docs/agents.md` describes them. Raises ValueError if a text contains a line break."""
    lines = [
        "flotilla-command-v1",
        key_id,
        str(command_id),
        instance_id,
        command_type,
        hashlib.sha256(payload.encode()).hexdigest(),
        str((expires_at - _EPOCH) // datetime.timedelta(microseconds=1)),
        str(sequence),
        author,
    ]
    if any("\n" in line for line in lines):
        raise ValueError("the texts of a signed command must not contain line breaks")
    return "".join(line + "\n" for line in lines).encode()


def key_id(public_key: bytes) -> str:
    """The id of a public key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


class CommandKeys:
    """The public keys whose commands an agent executes.

    If the control plane's keys are listed, each command needs a signature by one of them. If keys of operators are listed, each command also
    needs a signature by one of these.
    """

    def __init__(self, text: str) -> None:
        """Reads keys `server:HEX` and `operator:HEX` with 64 hexadecimal digits each, separated by white space or commas. A `#` begins a
        comment that ends with its line. Raises ValueError if the text is no such list, and MissingLibrary."""
        entries = [entry for line in text.splitlines() for entry in re.split(r"[\s,]+", line.partition("#")[0]) if entry]
        if not entries:
            raise ValueError(f"found no key, {_EXPECTED}")
        found = []
        for entry in entries:
            match = _ENTRY.fullmatch(entry)
            if match is None:
                raise ValueError(f"found '{entry}', {_EXPECTED}")
            found.append((match[1].upper(), bytes.fromhex(match[2])))
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            raise MissingLibrary() from None
        self._invalid = InvalidSignature
        self._keys: dict[str, dict[str, typing.Any]] = {}
        for signer, public_key in found:
            self._keys.setdefault(signer, {})[key_id(public_key)] = Ed25519PublicKey.from_public_bytes(public_key)

    def verify(self, command: AgentCommand, body: object) -> AgentCommand:
        """Returns the command with the signed payload and its sequence numbers. Raises Refusal if a signature is missing or invalid."""
        members: dict[str, typing.Any] = body if isinstance(body, dict) else {}
        signatures = members.get("signatures")
        entries = [entry for entry in signatures if isinstance(entry, dict)] if isinstance(signatures, list) else []
        result = dataclasses.replace(command, sequences={})
        for signer in ("SERVER", "OPERATOR"):
            if signer in self._keys:
                of_signer = [entry for entry in entries if entry.get("signer") == signer]
                result = self._verify(result, members.get("created_by"), of_signer, signer)
        return result

    def _verify(
        self, command: AgentCommand, author: object, signatures: list[dict[str, typing.Any]], signer: str
    ) -> AgentCommand:
        name = _NAMES[signer]
        if not signatures:
            raise Refusal(f"NOT_SIGNED: the command has no signature of {name}")
        for signature in signatures:
            signed_by = signature.get("key_id")
            key = self._keys[signer].get(signed_by) if isinstance(signed_by, str) else None
            if key is None:
                continue
            payload, sequence, value = signature.get("payload"), signature.get("sequence"), signature.get("signature")
            if not isinstance(author, str) or not isinstance(payload, str) or not isinstance(value, str):
                raise Refusal(f"SIGNATURE_INVALID: the signature of {name} is incomplete")
            if not isinstance(sequence, int) or isinstance(sequence, bool) or not 0 < sequence <= _LARGEST:
                raise Refusal(f"SIGNATURE_INVALID: the signature of {name} is incomplete")
            try:
                message = statement(
                    signature["key_id"],
                    command.command_id,
                    command.instance_id,
                    command.command_type,
                    payload,
                    command.expires_at,
                    sequence,
                    author,
                )
                key.verify(bytes.fromhex(value), message)
            except (self._invalid, ValueError):
                raise Refusal(f"SIGNATURE_INVALID: {name} has not signed this command for this instance") from None
            # The handler gets the signed payload. The delivered one must say the same, because people saw that one.
            try:
                signed = decode(payload)
            except (ValueError, RecursionError):
                signed = None
            if not isinstance(signed, dict) or not _same(signed, command.payload):
                raise Refusal(f"SIGNATURE_INVALID: the payload is not the one that {name} signed")
            # The control plane signs after the last approval, an operator before it. Its number gives the order if there are both.
            sequences = command.sequences or {signature["key_id"]: sequence}
            return dataclasses.replace(command, payload=signed, sequences=sequences)
        raise Refusal(f"UNKNOWN_KEY: this agent does not trust the key that signed for {name}")


def _same(left: object, right: object) -> bool:
    """Whether two decoded JSON values are equal. In Python, True equals 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(value, right[name]) for name, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


@dataclasses.dataclass
class Floor:
    """The highest sequence numbers of one key that an instance has started."""

    protective: int = 0
    other: int = 0


class SequenceFloors:
    """The highest sequence numbers of the commands that an instance has started, by key. They survive restarts in the journal.

    Commands of the two queues start independently: a protective command overtakes others that were delivered before it. After a restart, a
    protective command must therefore be newer than the protective ones that were started, and any other command newer than all of them.
    """

    def __init__(self) -> None:
        self.floors: dict[str, Floor] = {}

    def raise_for(self, command: AgentCommand) -> None:
        """Raises the numbers to those of a command that has started."""
        for key, sequence in command.sequences.items():
            is_protective = command.command_type in PROTECTIVE
            self.raise_to(key, sequence if is_protective else 0, 0 if is_protective else sequence)

    def raise_to(self, key: str, protective: int, other: int) -> None:
        """Raises the numbers of a key."""
        floor = self.floors.setdefault(key, Floor())
        floor.protective = max(floor.protective, protective)
        floor.other = max(floor.other, other)

    def admits(self, command: AgentCommand) -> bool:
        """Whether a command is newer than those that were started."""
        for key, sequence in command.sequences.items():
            floor = self.floors.get(key, Floor())
            highest = floor.protective if command.command_type in PROTECTIVE else max(floor.protective, floor.other)
            if sequence <= highest:
                return False
        return True

    def copy(self) -> SequenceFloors:
        """A copy that later commands do not change."""
        copy = SequenceFloors()
        copy.floors = {key: dataclasses.replace(floor) for key, floor in self.floors.items()}
        return copy


class SequenceGuard:
    """Refuses commands that are not newer than the ones that were delivered before them. It is not thread-safe."""

    def __init__(self, floors: SequenceFloors) -> None:
        #: The numbers in the journal when the process started.
        self._floors = floors.copy()
        #: The highest number of each key that this process has admitted.
        self._highest: dict[str, int] = {}
        #: The admitted commands that are not in the journal yet. They stay admitted if the journal could not be written.
        self._admitted: set[uuid.UUID] = set()

    def admit(self, command: AgentCommand) -> bool:
        """Whether a new command may be executed; from then on, older ones may not."""
        if command.command_id in self._admitted:
            return True
        is_newest = all(sequence > self._highest.get(key, 0) for key, sequence in command.sequences.items())
        if not is_newest or not self._floors.admits(command):
            return False
        self._highest.update(command.sequences)
        if command.sequences:
            self._admitted.add(command.command_id)
        return True

    def journaled(self, command_id: uuid.UUID) -> None:
        """Forgets a command that is in the journal."""
        self._admitted.discard(command_id)
