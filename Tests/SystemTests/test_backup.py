"""Tests that a server over a restored backup gives the same responses as the original."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from conftest import TOKEN, Server
from fleet import Fleet

ROOT = pathlib.Path(__file__).parents[2]
PATHS = ["/bots?page_size=200", "/audit/logs?page_size=200", "/audit/verify", "/analytics/net-pnl", "/analytics/costs?page_size=200", "/commands"]


def answers(server: Server) -> dict:
    """Returns the parts of the responses that do not depend on the time of the request."""
    fleet = Fleet(server.api, TOKEN)

    def timeless(value):
        if isinstance(value, dict):
            return {name: timeless(member) for name, member in value.items() if name not in ("generated_at", "status")}
        return [timeless(item) for item in value] if isinstance(value, list) else value
    return {path: timeless(fleet.call("GET", path)) for path in PATHS}


def watch_tools(folder: str) -> str:
    """Creates a folder for PATH with wrappers of PostgreSQL's tools that record their arguments in `/proc` and their password."""
    tools = pathlib.Path(folder, "tools")
    tools.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        tool = tools / name
        tool.write_text(f"#!/bin/sh\ntr '\\0' ' ' </proc/$$/cmdline >>{tool}.cmdline\n"
                        f'printenv PGPASSWORD >>{tool}.password\nexec {shutil.which(name)} "$@"\n')
        tool.chmod(0o755)
    return str(tools)


@pytest.mark.parametrize("url", ["postgres://flotilla@db/flotilla?password=abc", "host=db password=abc", "host=db password = abc"])
def test_a_password_that_would_appear_in_arguments_is_rejected(url, tmp_path):
    for script in (["deploy/backup", str(tmp_path)], ["deploy/restore", "file"]):
        result = subprocess.run(script, env={**os.environ, "DATABASE_URL": url}, cwd=ROOT, capture_output=True, text=True)
        assert result.returncode == 1
        assert result.stderr.startswith("DATABASE_URL has a password that would appear in arguments") and "abc" not in result.stderr


@pytest.mark.skipif(not shutil.which("pg_dump"), reason="there is no pg_dump on this machine")
def test_a_restored_backup_gives_the_same_responses():
    folder = tempfile.mkdtemp(prefix="flotilla-backup-")
    os.chmod(folder, 0o755)
    first = Server(folder, CHECK_INTERVAL_SECONDS="0")
    try:
        Fleet(first.api, TOKEN).seed(48)
        socket = next(pathlib.Path(folder).rglob(".s.PGSQL.*")).parent
        # The cluster requires no password. These URLs have one, with an encoded character.
        urls = {name: f"postgres://flotilla:se%63ret-of-the-database@/{name}?host={socket}" for name in ("flotilla", "restored")}
        watched = watch_tools(folder)
        before = answers(first)

        def run(*command: str, database: str):
            environment = {**os.environ, "DATABASE_URL": urls[database], "PATH": f"{watched}:{os.environ['PATH']}"}
            return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        backups = f"{folder}/backups"
        for _ in range(2):
            dump = run("deploy/backup", backups, "1", database="flotilla")
            assert dump.returncode == 0, dump.stderr
        file = dump.stdout.strip()
        assert os.listdir(backups) == [os.path.basename(file)]
        rejected = run("deploy/restore", file, database="flotilla")
        assert rejected.returncode == 1 and "restore into an empty one" in rejected.stderr
        subprocess.run(["psql", urls["flotilla"], "-qc", "CREATE DATABASE restored"], check=True)
        restored = run("deploy/restore", file, database="restored")
        assert restored.returncode == 0, restored.stderr
        assert pathlib.Path(file).stat().st_mode & 0o777 == 0o600
        for tool in ("pg_dump", "pg_restore", "psql"):
            arguments = pathlib.Path(watched, f"{tool}.cmdline").read_text()
            assert "ret-of-the-database" not in arguments and (tool in arguments)
            assert pathlib.Path(watched, f"{tool}.password").read_text().splitlines()[-1] == "secret-of-the-database"
        (pathlib.Path(folder) / "second").mkdir()
        second = Server(f"{folder}/second", DATABASE_URL=urls["restored"], CHECK_INTERVAL_SECONDS="0")
        try:
            assert answers(second) == before
            # The restored server accepts new data.
            Fleet(second.api, TOKEN).heartbeat("after", "after")
        finally:
            second.stop()
    finally:
        first.stop()
        shutil.rmtree(folder, ignore_errors=True)
