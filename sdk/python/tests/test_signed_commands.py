"""An attacker who can write to the database but has no signing key cannot make an agent of either language execute a command."""

import datetime
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import uuid

import pytest

from control_plane import ROOT, ControlPlane
from flotilla_agent import signatures
from flotilla_agent.signing import OperatorKey

COMMANDS = 100
RECORDING_BOTS = {
    "swift": [str(ROOT / ".build" / "debug" / "RecordingBot")],
    "python": [sys.executable, str(pathlib.Path(__file__).with_name("recording_bot.py"))],
}
#: The reason of each refusal, up to the colon.
REASONS = {
    "self-approval": "NOT_SIGNED",
    "another instance": "SIGNATURE_INVALID",
    "edited payload": "SIGNATURE_INVALID",
    "edited type": "SIGNATURE_INVALID",
    "expired approval": "SIGNATURE_INVALID",
    "inserted row": "NOT_SIGNED",
    "inserted row with a copied signature": "SIGNATURE_INVALID",
}


@pytest.fixture(scope="module")
def site(flotilla_server, tmp_path_factory):
    """A control plane that signs, and its keys."""
    folder = tmp_path_factory.mktemp("keys")
    key = folder / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    control_plane = ControlPlane(COMMAND_SIGNING_KEY_FILE=str(key), COMMAND_APPROVERS="1")
    try:
        yield Site(control_plane, key, flotilla_server)
    finally:
        control_plane.end()


class Site:
    """The control plane, an operator who is an approver, too, and the database."""

    def __init__(self, control_plane, key, server):
        self.control_plane = control_plane
        self.keys = subprocess.run([server, "command-keys", key], check=True, capture_output=True, text=True).stdout
        self.mallory = control_plane.call("POST", "/tokens", {"name": "mallory", "roles": ["operator", "approver"]})["token"]

    def sql(self, text, *items):
        """Runs a statement as the database's owner. `IDS` in it stands for the items."""
        ids = ",".join(f"'{item}'" for item in items)
        command = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", self.socket, "-U", "flotilla", "-d", "flotilla", "-c", text.replace("IDS", ids)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    @property
    def socket(self):
        return str(self.control_plane.folder / "data")

    def beat(self, name):
        """Registers an instance."""
        heartbeat = {
            "instance_id": name, "bot_id": name, "runtime_mode": "LIVE", "exchange": "binance", "symbol": "BTCUSDT", "version": "1",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self.control_plane.call("POST", "/ingest/heartbeat", heartbeat)

    def send(self, name, command_type, payload=None, seconds=600, token=None):
        """Sends a command and returns its id and status."""
        body = {"command_id": str(uuid.uuid4()), "instance_id": name, "command_type": command_type, "ttl_seconds": seconds}
        sent = self.control_plane.call("POST", "/commands", body | {"payload": payload or {}}, token=token or self.mallory)
        return body["command_id"], sent["status"]

    def refusals(self, command):
        """The status and the reason, up to the colon, of each acknowledgement of a command, once it has ended."""
        end = time.monotonic() + 90
        while (detail := self.control_plane.command(command))["status"] == "PENDING":
            assert time.monotonic() < end, detail
            time.sleep(0.05)
        return [(item["status"], item["reason"].partition(":")[0]) for item in detail["acknowledgements"] if item["reason"]]

    def send_many(self, count, *arguments, **named):
        return [self.send(*arguments, **named)[0] for _ in range(count)]


def approve_in_database(site, *commands):
    """Approves commands as the server would, as far as the database knows, and makes them pending."""
    site.sql(
        "INSERT INTO command_approvals (command_id, approver, digest) SELECT command_id, 'mallory', command_digest(commands) FROM commands"
        " WHERE command_id IN (IDS) ON CONFLICT (command_id, approver) DO UPDATE SET digest = excluded.digest",
        *commands,
    )
    site.sql(
        "UPDATE command_approvals SET digest = command_digest(commands) FROM commands"
        " WHERE commands.command_id = command_approvals.command_id AND commands.command_id IN (IDS)",
        *commands,
    )
    site.sql("UPDATE commands SET status = 'PENDING' WHERE command_id IN (IDS)", *commands)


INSERTED = (
    "INSERT INTO commands (command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by)"
    " SELECT gen_random_uuid(), '{name}', 'SYNC_BALANCE', now(), now() + interval '1 h', '{{}}', 'PENDING', 'operator'"
    " FROM generate_series(1, {count}) RETURNING command_id"
)


def attack(site, name):
    """Every attack on an instance whose agent does not run yet; the ids by attack."""
    approver = site.control_plane._approver
    attacks = {}

    # Expired approvals: approved in time, and later made valid again.
    expired = site.send_many(COMMANDS, name, "FLATTEN", seconds=20)
    for command in expired:
        site.control_plane.call("POST", f"/commands/{command}/approve", {}, token=approver)

    waiting = site.send_many(COMMANDS, name, "FLATTEN")
    for command in waiting:
        with pytest.raises(urllib.error.HTTPError) as refused:
            site.control_plane.call("POST", f"/commands/{command}/approve", {}, token=site.mallory)
        assert refused.value.code == 403
    approve_in_database(site, *waiting)
    attacks["self-approval"] = waiting

    moved = site.send_many(COMMANDS, f"{name}-decoy", "SYNC_BALANCE")
    site.sql(f"UPDATE commands SET instance_id = '{name}' WHERE command_id IN (IDS)", *moved)
    attacks["another instance"] = moved

    edited = site.send_many(COMMANDS, name, "SYNC_BALANCE", {"limit": 1})
    site.sql("UPDATE commands SET payload = '{\"limit\": 1000}' WHERE command_id IN (IDS)", *edited)
    attacks["edited payload"] = edited

    retyped = site.send_many(COMMANDS, name, "SYNC_BALANCE")
    site.sql("UPDATE commands SET command_type = 'CANCEL_ALL' WHERE command_id IN (IDS)", *retyped)
    attacks["edited type"] = retyped

    attacks["inserted row"] = site.sql(INSERTED.format(name=name, count=COMMANDS))
    copied = site.sql(INSERTED.format(name=name, count=COMMANDS))
    genuine = site.send(f"{name}-decoy", "SYNC_BALANCE")[0]
    site.sql(
        "INSERT INTO command_signatures SELECT command_id, purpose, key_id, sequence, signatures.payload, signature"
        f" FROM commands, (SELECT purpose, key_id, sequence, payload, signature FROM command_signatures WHERE command_id = '{genuine}') AS signatures"
        " WHERE commands.command_id IN (IDS)",
        *copied,
    )
    attacks["inserted row with a copied signature"] = copied

    while site.sql("SELECT count(*) FROM commands WHERE command_id IN (IDS) AND expires_at > now()", *expired) != ["0"]:
        time.sleep(0.2)
    site.sql("UPDATE commands SET expires_at = now() + interval '1 h' WHERE command_id IN (IDS)", *expired)
    approve_in_database(site, *expired)
    attacks["expired approval"] = expired
    return attacks


@pytest.mark.parametrize("language", ["swift", "python"])
def test_no_command_without_a_valid_signature_is_executed(site, language, tmp_path):
    assert pathlib.Path(RECORDING_BOTS[language][-1]).exists()
    name = f"{language}-victim"
    for instance in (name, f"{name}-decoy"):
        site.beat(instance)
    attacks = attack(site, name)
    keys = tmp_path / "keys"
    keys.write_text(site.keys)
    environment = {
        **os.environ, "INSTANCE_ID": name, "BOT_ID": name, "EXCHANGE": "binance", "SYMBOL": "BTCUSDT", "RUNTIME_MODE": "LIVE",
        "CONTROL_PLANE_URL": site.control_plane.url, "COMMAND_KEYS_FILE": str(keys), "AGENT_DATA_DIR": str(tmp_path / "agent"),
        "EVENTS_FILE": str(tmp_path / "events"), "LOG_LEVEL": "critical",
    }
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(RECORDING_BOTS[language], env=environment, stdout=log, stderr=log)
    try:
        genuine = site.send(name, "SYNC_BALANCE", token=site.control_plane._operator)[0]
        assert site.control_plane.outcome(genuine, 120)["status"] == "COMPLETED"
        for attacked, commands in attacks.items():
            assert len(commands) == COMMANDS
            # A command that is delivered again before its refusal has arrived is refused again.
            refusals = [refusal for command in commands for refusal in site.refusals(command)]
            assert len(refusals) >= COMMANDS
            assert set(refusals) == {("FAILED", REASONS[attacked])}, attacked
        # A row that was executed once is not executed again.
        site.sql("UPDATE commands SET status = 'PENDING' WHERE command_id IN (IDS)", genuine)
        assert site.refusals(genuine) == []
        last = site.send(name, "FLATTEN")[0]
        site.control_plane.call("POST", f"/commands/{last}/approve", {}, token=site.control_plane._approver)
        assert site.control_plane.outcome(last, 120)["status"] == "COMPLETED"
        effects = [line.split()[2:] for line in (tmp_path / "events").read_text().splitlines() if " EFFECT " in line]
        assert effects == [["SYNC_BALANCE", genuine], ["FLATTEN", last]]
    finally:
        process.terminate()
        process.wait(30)


def test_the_signed_bytes_are_those_of_the_documentation():
    expires_at = datetime.datetime(2026, 3, 1, 9, 35, tzinfo=datetime.timezone.utc)
    command_id = uuid.UUID("0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11")
    key_id = signatures.key_id(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
    message = signatures.statement(
        key_id, command_id, "btc-maker-1a", "SET_MODE", '{"mode": "PAPER"}', expires_at, 1772357400000000, "ann"
    )
    assert message.decode() == (
        "flotilla-command-v1\n21fe31dfa154a261\n0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11\nbtc-maker-1a\nSET_MODE\n"
        "c03086ec17ad5ec1e51ea41b8967b584b0d78170aff3f36778ee5f2b677b5038\n1772357700000000\n1772357400000000\nann\n"
    )


@pytest.fixture(scope="module")
def operator_key(tmp_path_factory):
    """A private key of the token `operator`."""
    path = tmp_path_factory.mktemp("operator") / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True, capture_output=True)
    return OperatorKey(path.read_bytes())


@pytest.mark.parametrize("language", ["swift", "python"])
def test_an_agent_that_trusts_an_operator_obeys_nobody_else(site, operator_key, language, tmp_path):
    control_plane, name = site.control_plane, f"{language}-of-operator"
    operator = control_plane._operator
    known = {key["public_key"] for key in control_plane.call("GET", "/command-keys")["items"]}
    if operator_key.public_key not in known:
        control_plane.call(
            "POST", "/command-keys", {"principal": "operator", "public_key": operator_key.public_key, "name": "laptop"}
        )
    site.beat(name)
    environment = {
        **os.environ, "INSTANCE_ID": name, "BOT_ID": name, "EXCHANGE": "binance", "SYMBOL": "BTCUSDT", "RUNTIME_MODE": "LIVE",
        "CONTROL_PLANE_URL": control_plane.url, "COMMAND_KEYS": f"{site.keys.split()[0]} operator:{operator_key.public_key}",
        "AGENT_DATA_DIR": str(tmp_path / "agent"), "EVENTS_FILE": str(tmp_path / "events"), "LOG_LEVEL": "critical",
    }
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(RECORDING_BOTS[language], env=environment, stdout=log, stderr=log)
    try:
        # A stolen token without the key, whose commands the server signs.
        stolen = site.send(name, "SYNC_BALANCE", token=operator)[0]
        assert control_plane.outcome(stolen, 120)["reason"].startswith("NOT_SIGNED:")
        signed = operator_key.request("operator", name, "SYNC_BALANCE", {"limit": 1, "text": "é"})
        control_plane.call("POST", "/commands", signed, token=operator)
        assert control_plane.outcome(signed["command_id"], 120)["status"] == "COMPLETED"
        waiting = operator_key.request("operator", name, "FLATTEN", reason="maintenance")
        assert control_plane.call("POST", "/commands", waiting, token=operator)["status"] == "AWAITING_APPROVAL"
        control_plane.call("POST", f"/commands/{waiting['command_id']}/approve", {}, token=control_plane._approver)
        assert control_plane.outcome(waiting["command_id"], 120)["status"] == "COMPLETED"
    finally:
        process.terminate()
        process.wait(30)


def test_the_server_accepts_only_valid_signatures_of_the_sender(site, operator_key):
    control_plane = site.control_plane
    known = {key["public_key"] for key in control_plane.call("GET", "/command-keys")["items"]}
    if operator_key.public_key not in known:
        control_plane.call(
            "POST", "/command-keys", {"principal": "operator", "public_key": operator_key.public_key, "name": "laptop"}
        )
    site.beat("checked")

    def refusal(body, token=control_plane._operator):
        with pytest.raises(urllib.error.HTTPError) as refused:
            control_plane.call("POST", "/commands", body, token=token)
        return refused.value.code, refused.value.msg.partition('"code":"')[2].partition('"')[0]

    def request(payload=None, author="operator"):
        return operator_key.request(author, "checked", "SYNC_BALANCE", payload)

    invalid = (403, "COMMAND_SIGNATURE_INVALID")
    assert refusal(request({"a": 1}) | {"payload": {"a": 2}}) == invalid
    assert refusal(request() | {"command_type": "CANCEL_ALL"}) == invalid
    assert refusal(request() | {"command_id": str(uuid.uuid4())}) == invalid
    assert refusal(request(author="mallory")) == invalid
    assert refusal(request(author="mallory"), token=site.mallory) == invalid
    lasting = request()
    del lasting["expires_at"]
    assert refusal(lasting | {"ttl_seconds": 60}) == invalid
    first, second = request(), request()
    control_plane.call("POST", "/commands", second, token=control_plane._operator)
    assert refusal(first) == (409, "COMMAND_SEQUENCE_USED")
    key = signatures.key_id(bytes.fromhex(operator_key.public_key))
    again = {"principal": "mallory", "public_key": operator_key.public_key, "name": "mine"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        control_plane.call("POST", "/command-keys", again)
    assert refused.value.code == 409
    with pytest.raises(urllib.error.HTTPError) as refused:
        control_plane.call("POST", "/command-keys", again, token=control_plane._operator)
    assert refused.value.code == 403
    control_plane.call("DELETE", f"/command-keys/{key}")
    assert refusal(request()) == invalid
    actions = [entry["action"] for entry in control_plane.call("GET", f"/audit/logs?target_id={key}")["items"]]
    assert actions == ["COMMAND_KEY_REVOKE", "COMMAND_KEY_REGISTER", "COMMAND_KEY_REGISTER"]


def test_an_edited_command_cannot_be_approved(site):
    control_plane = site.control_plane
    site.beat("approved")
    edits = {
        "UPDATE commands SET payload = '{\"all\": true}' WHERE command_id IN (IDS)",
        "UPDATE commands SET instance_id = 'approved-2' WHERE command_id IN (IDS)",
        "UPDATE commands SET created_by = 'mallory' WHERE command_id IN (IDS)",
        "UPDATE commands SET expires_at = expires_at + interval '1 d' WHERE command_id IN (IDS)",
        "DELETE FROM command_signatures WHERE command_id IN (IDS)",
    }
    for edit in edits:
        command = site.send("approved", "FLATTEN", token=control_plane._operator)[0]
        site.sql(edit, command)
        with pytest.raises(urllib.error.HTTPError) as refused:
            control_plane.call("POST", f"/commands/{command}/approve", {}, token=control_plane._approver)
        assert refused.value.code == 409 and "COMMAND_NOT_SIGNED" in refused.value.msg, edit


@pytest.mark.parametrize("language", ["swift", "python"])
def test_an_agent_does_not_start_with_keys_that_it_cannot_use(language, tmp_path):
    environment = {
        **os.environ, "INSTANCE_ID": "i1", "BOT_ID": "i1", "EXCHANGE": "binance", "SYMBOL": "BTCUSDT",
        "CONTROL_PLANE_URL": "http://127.0.0.1:9", "COMMAND_KEYS": "server:00", "AGENT_DATA_DIR": str(tmp_path),
    }
    if not pathlib.Path(RECORDING_BOTS[language][-1]).exists():
        pytest.skip("the bot is not built")
    result = subprocess.run(RECORDING_BOTS[language], env=environment, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (
        2, "COMMAND_KEYS: found 'server:00', expected server:HEX or operator:HEX with 64 hexadecimal digits\n"
    )


def test_without_its_library_an_agent_with_keys_does_not_start(tmp_path):
    # A package that cannot be imported hides the real one.
    (tmp_path / "cryptography").mkdir()
    (tmp_path / "cryptography" / "__init__.py").write_text("raise ImportError")
    environment = {
        **os.environ, "INSTANCE_ID": "i1", "BOT_ID": "i1", "EXCHANGE": "binance", "SYMBOL": "BTCUSDT",
        "CONTROL_PLANE_URL": "http://127.0.0.1:9", "COMMAND_KEYS": "server:" + "00" * 32, "AGENT_DATA_DIR": str(tmp_path / "agent"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }
    result = subprocess.run(RECORDING_BOTS["python"], env=environment, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (
        2, "COMMAND_KEYS: found keys, but the package cryptography is not installed; install flotilla-agent[signed]\n"
    )
    assert not (tmp_path / "agent").exists()
