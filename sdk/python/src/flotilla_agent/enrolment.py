"""`flotilla-agent enroll`: exchanges a code for the credential of an instance."""

from __future__ import annotations

import argparse
import collections.abc
import os
import threading

from .clock import Clock, ServerClock
from .configuration import AgentConfiguration, ConfigurationError
from .control_plane import CallFailure, ControlPlane
from .credential import Credential
from .http import HTTPTransport

#: How often a request without a response is repeated.
_ATTEMPTS = 5


def main(arguments: collections.abc.Sequence[str], stopping: threading.Event) -> None:
    """Enrolls the instances. Raises ConfigurationError or OSError."""
    parser = argparse.ArgumentParser(
        prog="flotilla-agent enroll",
        description="Exchange an enrolment code for the credential of an instance. The agent of the instance finds the credential in its"
        " folder and rotates it. Repeat the command if it fails: an instance enrolls once.",
    )
    parser.add_argument("url", metavar="URL", help="the control plane, such as https://flotilla.example:8000")
    parser.add_argument("code", metavar="CODE", help="the enrolment code, which POST /enrolment-codes returns; - reads it from standard input")
    parser.add_argument("--instance-id", action="append", help="the instance; repeat it for several (default: INSTANCE_ID)")
    parser.add_argument("--bot-id", help="the bot that it runs (default: BOT_ID, or the instance's id)")
    parser.add_argument("--data-dir", help="the folder of the agent (default: AGENT_DATA_DIR, or .flotilla-agent)")
    options = parser.parse_args(arguments)
    instances = options.instance_id or [name for name in [os.environ.get("INSTANCE_ID")] if name]
    if not instances:
        raise ConfigurationError("--instance-id: found nothing, expected the id of the instance")
    code = input() if options.code == "-" else options.code
    for instance_id in instances:
        enroll(options.url, code, instance_id, options.bot_id or os.environ.get("BOT_ID") or instance_id, options.data_dir, stopping)


def enroll(
    url: str, code: str, instance_id: str, bot_id: str, data_directory: str | None = None, stopping: threading.Event | None = None
) -> None:
    """Enrolls one instance, and says on standard output where its credential is. Raises ConfigurationError or OSError."""
    environment = {
        "INSTANCE_ID": instance_id, "BOT_ID": bot_id, "EXCHANGE": "unknown", "SYMBOL": "unknown", "CONTROL_PLANE_URL": url,
        "AGENT_DATA_DIR": data_directory or os.environ.get("AGENT_DATA_DIR") or "",
    }
    configuration = AgentConfiguration.from_environment(environment)
    credential = Credential(configuration.instance_directory)
    clock = Clock()
    transport = HTTPTransport(configuration.control_plane_url or "")
    control_plane = ControlPlane(transport, ServerClock(clock))
    try:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                is_new = credential.enroll(control_plane, code, instance_id, bot_id)
                break
            except CallFailure as error:
                if (error.status is not None and error.status < 500 and error.status != 429) or attempt == _ATTEMPTS:
                    raise ConfigurationError(f"cannot enroll instance '{instance_id}': {error}") from None
                (stopping or threading.Event()).wait(error.retry_after or clock.backoff(attempt, 5))
    finally:
        transport.close()
    text = "is enrolled" if is_new else "was enrolled before, and its credential is valid"
    print(f"instance '{instance_id}' {text}: {configuration.instance_directory}/credential.json")
