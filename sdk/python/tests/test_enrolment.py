"""Tests of enrolled instances: the installed program, and agents with their credentials, against a real server that requires them."""

import hashlib
import json
import os
import pathlib
import stat
import subprocess
import sys
import time
import urllib.error

import pytest

from flotilla_agent import Agent, AgentConfiguration
from flotilla_agent.clock import Clock, ServerClock
from flotilla_agent.configuration import ConfigurationError
from flotilla_agent.control_plane import CallFailure, ControlPlane as Connection, Response
from flotilla_agent.credential import Credential
from flotilla_agent.http import HTTPTransport

from control_plane import ControlPlane

PROGRAM = pathlib.Path(sys.executable).parent / "flotilla-agent"


@pytest.fixture(scope="module")
def required(flotilla_server):
    """A control plane on loopback whose agents need credentials."""
    control_plane = ControlPlane(AGENT_AUTH="required")
    yield control_plane
    control_plane.end()


def new_code(control_plane, **limits):
    return control_plane.call("POST", "/enrolment-codes", limits)["code"]


def enroll(control_plane, code, instance, folder, *options):
    arguments = ["enroll", control_plane.url, code, "--instance-id", instance, "--bot-id", "b1", "--data-dir", str(folder), *options]
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


def new_agent(control_plane, instance, folder, **members):
    configuration = AgentConfiguration(instance, "b1", "binance", "BTCUSDT", control_plane_url=control_plane.url)
    configuration.data_directory = str(folder)
    configuration.heartbeat_interval = 0.5
    for name, value in members.items():
        setattr(configuration, name, value)
    return Agent(configuration)


def stored(folder, instance):
    return json.loads((folder / instance / "credential.json").read_text())


def connect(control_plane, lose=lambda path: False, reject=lambda headers: False):
    """A connection that loses responses or gets 401 without a request."""
    transport = HTTPTransport(control_plane.url)

    def send(method, path, headers, body, limit):
        if reject(headers):
            return Response(401, {}, b'{"code":"UNAUTHORIZED","detail":"Unauthorized"}')
        response = transport(method, path, headers, body, limit)
        if lose(path):
            raise OSError("the response was lost")
        return response

    return Connection(send, ServerClock(Clock()))


def test_an_instance_enrolls_with_one_line_and_its_agent_needs_nothing_else(required, tmp_path):
    code = new_code(required, count=2, bot_ids=["b1"])
    done = enroll(required, code, "line-1", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "instance 'line-1' is enrolled" in done.stdout
    path = tmp_path / "line-1" / "credential.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stored(tmp_path, "line-1")["token"] not in done.stdout
    # The command may be repeated: it neither changes the credential nor uses the code.
    token = stored(tmp_path, "line-1")["token"]
    again = enroll(required, code, "line-1", tmp_path)
    assert again.returncode == 0 and "its credential is valid" in again.stdout
    assert stored(tmp_path, "line-1")["token"] == token
    assert required.call("GET", "/enrolment-codes")["items"][0]["used"] == 1
    with pytest.raises(CallFailure, match="401 UNAUTHORIZED"):
        new_agent(required, "line-1", tmp_path / "elsewhere")._send_heartbeat()
    agent = new_agent(required, "line-1", tmp_path)
    with agent:
        end = time.monotonic() + 30
        while required.state("line-1") != "NORMAL":
            assert time.monotonic() < end
            time.sleep(0.1)
    assert required.state("line-1") == "STOPPED"
    # Another machine cannot enroll it, and a bot that the code does not allow has no use of it.
    refused = enroll(required, code, "line-1", tmp_path / "other")
    assert refused.returncode == 2 and "409 INSTANCE_ENROLLED" in refused.stderr
    refused = enroll(required, code, "line-2", tmp_path, "--bot-id", "b2")
    assert refused.returncode == 2 and "403 BOT_NOT_ALLOWED" in refused.stderr
    refused = enroll(required, "enr_wrong", "line-2", tmp_path)
    assert refused.returncode == 2 and "401 UNAUTHORIZED" in refused.stderr
    # A refused enrolment leaves no credential behind, and the next one succeeds.
    assert stored(tmp_path, "line-2")["token"] is None
    assert enroll(required, code, "line-2", tmp_path).returncode == 0


def test_several_instances_enroll_with_one_command(required, tmp_path):
    code = new_code(required, count=2)
    done = enroll(required, "-", "many-1", tmp_path, "--instance-id", "many-2")
    assert done.returncode != 0
    arguments = ["enroll", required.url, "-", "--instance-id", "many-1", "--instance-id", "many-2", "--data-dir", str(tmp_path)]
    done = subprocess.run([PROGRAM, *arguments], input=code + "\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path, "many-1")["token"] != stored(tmp_path, "many-2")["token"]


def test_an_enrolment_whose_response_was_lost_continues(required, tmp_path):
    code = new_code(required)
    lost = [True]
    connection = connect(required, lose=lambda path: path == "/agents/enroll" and lost and lost.pop())
    with pytest.raises(CallFailure, match="the response was lost"):
        Credential(str(tmp_path)).enroll(connection, code, "lost-1", "b1")
    assert Credential(str(tmp_path)).secret is None
    # The process has ended since, and the code was revoked.
    code_id = required.call("GET", "/enrolment-codes")["items"][0]["code_id"]
    required.call("DELETE", f"/enrolment-codes/{code_id}")
    assert Credential(str(tmp_path)).enroll(connection, code, "lost-1", "b1")
    assert required.call("GET", "/enrolment-codes")["items"][0]["used"] == 1
    assert not Credential(str(tmp_path)).enroll(connection, code, "lost-1", "b1")


def test_the_agent_rotates_its_credential_when_it_is_due(required, tmp_path):
    assert enroll(required, new_code(required), "due-1", tmp_path).returncode == 0
    first = stored(tmp_path, "due-1")
    assert 863_000 < first["rotate_at"] - time.time() <= 864_000
    path = tmp_path / "due-1" / "credential.json"
    path.write_text(json.dumps(first | {"rotate_at": 0}))
    with new_agent(required, "due-1", tmp_path):
        end = time.monotonic() + 30
        while stored(tmp_path, "due-1")["token"] == first["token"]:
            assert time.monotonic() < end
            time.sleep(0.1)
    second = stored(tmp_path, "due-1")
    assert second["next"] is None and second["rotate_at"] > time.time()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert required.state("due-1") == "STOPPED"
    assert len(required.call("GET", "/tokens?instance_id=due-1")["items"]) == 2


def test_a_rotation_whose_response_was_lost_never_locks_the_agent_out(required, tmp_path):
    connection = connect(required)
    Credential(str(tmp_path)).enroll(connection, new_code(required), "overlap-1", "b1")
    old = Credential(str(tmp_path)).secret
    lossy = connect(required, lose=lambda path: True)
    lossy._secret = lambda: old
    with pytest.raises(CallFailure, match="the response was lost"):
        Credential(str(tmp_path)).rotate(lossy)
    assert Credential(str(tmp_path)).secret == old
    # The agent has no connection until the overlap has passed: its secret is rejected, and the chosen one is not.
    late = connect(required, reject=lambda headers: headers.get("X-Agent-Token") == old)
    late._secret = lambda: old
    credential = Credential(str(tmp_path))
    credential.rotate(late)
    assert credential.secret not in (None, old)
    # Only that one successor exists.
    assert len(required.call("GET", "/tokens?instance_id=overlap-1")["items"]) == 2
    late._secret = lambda: credential.secret
    assert late.rotate(hashlib.sha256(credential.secret.encode()).hexdigest())["instance_id"] == "overlap-1"


def test_a_rejected_agent_adopts_the_successor_that_the_server_knows(required, tmp_path):
    connection = connect(required)
    directory = str(tmp_path / "rejected-1")
    Credential(directory).enroll(connection, new_code(required), "rejected-1", "b1")
    old = Credential(directory).secret
    lossy = connect(required, lose=lambda path: True)
    lossy._secret = lambda: old
    with pytest.raises(CallFailure):
        Credential(directory).rotate(lossy)
    path = tmp_path / "rejected-1" / "credential.json"
    # The server has forgotten the old secret; here it is one that it never knew.
    path.write_text(json.dumps(json.loads(path.read_text()) | {"token": "flt_forgotten"}))
    with new_agent(required, "rejected-1", tmp_path):
        end = time.monotonic() + 30
        while required.state("rejected-1") != "NORMAL":
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_damaged_credential_stops_the_start(tmp_path):
    (tmp_path / "i1").mkdir()
    for text in ["", "[]", '{"token": 1}', '{"token": "a", "rotate_at": "soon"}']:
        (tmp_path / "i1" / "credential.json").write_text(text)
        with pytest.raises(ConfigurationError, match="it is damaged"):
            Credential(str(tmp_path / "i1"))


def test_a_token_of_the_environment_counts_instead_of_the_credential(required, tmp_path):
    assert enroll(required, new_code(required), "explicit-1", tmp_path).returncode == 0
    with pytest.raises(CallFailure, match="401 UNAUTHORIZED"):
        new_agent(required, "explicit-1", tmp_path, token="flt_wrong")._send_heartbeat()
