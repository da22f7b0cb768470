"""Tests that a release contains only recorded packages, lists them and is signed."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SERVER = os.environ.get("FLOTILLA_SERVER", ".build/debug/flotilla-server")


def run(*command: str, folder: pathlib.Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path: pathlib.Path) -> pathlib.Path:
    """Copies the scripts, the record and one resolved package, and links the other packages."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    checkouts = tmp_path / ".build" / "checkouts"
    checkouts.mkdir(parents=True)
    shutil.copy(ROOT / ".build/workspace-state.json", tmp_path / ".build")
    for package in (ROOT / ".build/checkouts").iterdir():
        if package.name == "swift-mustache":
            shutil.copytree(package, checkouts / package.name, symlinks=True)
        else:
            (checkouts / package.name).symlink_to(package)
    return tmp_path


def test_the_packages_of_this_build_match_the_record(copy):
    verified = run("deploy/dependencies", "verify", ".build", folder=copy)
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize("change", ["edited", "added", "removed", "linked"])
def test_a_package_with_changed_files_is_rejected(copy, change):
    package = copy / ".build/checkouts/swift-mustache"
    for path in (package, package / "Sources", package / "Sources/Mustache", package / "Sources/Mustache/Context.swift"):
        path.chmod(0o755)
    match change:
        case "edited": (package / "Sources/Mustache/Context.swift").write_text("// other code\n")
        case "added": (package / "Sources/Mustache/More.swift").write_text("// more code\n")
        case "removed": (package / "Sources/Mustache/Context.swift").unlink()
        case "linked": (package / "Sources/Mustache/More.swift").symlink_to("/etc/hostname")
    rejected = run("deploy/dependencies", "verify", ".build", folder=copy)
    assert rejected.returncode == 1
    assert [line.split()[:3] for line in rejected.stderr.splitlines() if line[0] in "<>"] == [
        ["<", "swift-mustache", "2.1.1"], [">", "swift-mustache", "2.1.1"]]


def test_another_version_is_rejected_and_can_be_recorded(copy):
    state = copy / ".build/workspace-state.json"
    state.write_text(state.read_text().replace('"version" : "2.1.1"', '"version" : "2.1.2"'))
    rejected = run("deploy/dependencies", "verify", ".build", folder=copy)
    assert rejected.returncode == 1 and "swift-mustache 2.1.2" in rejected.stderr
    assert "After an intended update: deploy/dependencies record .build" in rejected.stderr
    assert run("deploy/dependencies", "record", ".build", folder=copy).returncode == 0
    assert run("deploy/dependencies", "verify", ".build", folder=copy).returncode == 0


def test_the_bill_of_materials_is_valid_and_names_every_package():
    schema = pytest.importorskip("cyclonedx.schema")
    validation = pytest.importorskip("cyclonedx.validation.json")
    made = run("deploy/sbom", SERVER, ".build")
    assert made.returncode == 0, made.stderr
    assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(made.stdout) is None
    assert run("deploy/sbom", SERVER, ".build").stdout == made.stdout
    components = json.loads(made.stdout)["components"]
    recorded = [line.split()[:2] for line in (ROOT / "deploy/dependencies.txt").read_text().splitlines() if line[0] != "#"]
    assert [[each["name"], each["version"]] for each in components[: len(recorded)]] == recorded
    assert {"swift", "boringssl", "llhttp"} <= {each["name"] for each in components} | {
        part["name"] for each in components for part in each.get("components", [])}
    assert [(each["version"], each["licenses"]) for each in components if each["name"] == "uplot"] == [("1.6.32", [{"expression": "MIT"}])]
    if sys.platform == "linux" and shutil.which("dpkg-query"):
        assert any(each["purl"].startswith("pkg:deb/") and each["name"] == "libpq5" for each in components)


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="there is no ssh-keygen on this machine")
def test_a_signed_release_verifies_and_a_changed_one_fails(tmp_path):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key", folder=tmp_path)
    (tmp_path / "signers").write_text(f"flotilla {(tmp_path / 'key.pub').read_text()}")
    (tmp_path / "flotilla-1.tar.gz").write_bytes(b"an archive")
    (tmp_path / "flotilla-1.cdx.json").write_text("{}")

    def signature() -> int:
        with open(tmp_path / "flotilla-1.SHA256SUMS") as sums:
            return subprocess.run(
                ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "flotilla", "-n", "flotilla-release", "-s", "flotilla-1.SHA256SUMS.sig"],
                cwd=tmp_path, stdin=sums, capture_output=True).returncode

    def checksums() -> int:
        return run("sha256sum", "--strict", "--check", "flotilla-1.SHA256SUMS", folder=tmp_path).returncode
    for _ in range(2):
        signed = run(str(ROOT / "deploy/sign"), f"{tmp_path}/flotilla-1", RELEASE_KEY=f"{tmp_path}/key")
        assert signed.returncode == 0, signed.stderr
        assert (signature(), checksums()) == (0, 0)
    assert [line.split()[1] for line in (tmp_path / "flotilla-1.SHA256SUMS").read_text().splitlines()] == [
        "flotilla-1.cdx.json", "flotilla-1.tar.gz"]
    # Change the archive, then also its checksum.
    (tmp_path / "flotilla-1.tar.gz").write_bytes(b"another archive")
    assert (signature(), checksums()) == (0, 1)
    sums = run("sha256sum", "flotilla-1.cdx.json", "flotilla-1.tar.gz", folder=tmp_path).stdout
    (tmp_path / "flotilla-1.SHA256SUMS").write_text(sums)
    assert (signature() != 0, checksums()) == (True, 0)
    unsigned = run(str(ROOT / "deploy/sign"), f"{tmp_path}/flotilla-1", RELEASE_KEY="")
    assert unsigned.returncode == 0 and "flotilla-1 is not signed" in unsigned.stderr
    assert not (tmp_path / "flotilla-1.SHA256SUMS.sig").exists()


def test_a_release_without_a_key_fails_before_the_build():
    rejected = run("deploy/release", RELEASE_KEY="")
    assert rejected.returncode == 1
    assert rejected.stderr == ("deploy/release: RELEASE_KEY must name the key that signs the checksums "
                              "(or pass --draft for an unsigned archive)\n")


def test_images_are_pinned_to_registry_digests(tmp_path):
    for folder in ("deploy", ".github/workflows", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "deploy/pin-images", tmp_path / "deploy")
    (tmp_path / "deploy/Containerfile").write_text("FROM docker.io/library/swift:6.3 AS build\nFROM docker.io/library/swift:6.3-slim\n")
    (tmp_path / "compose.yaml").write_text("    image: docker.io/library/postgres:16\n    build: .\n")
    (tmp_path / ".github/workflows/ci.yml").write_text("      - uses: actions/checkout@v5\n")

    def answer(text: str) -> None:
        skopeo = tmp_path / "bin/skopeo"
        skopeo.write_text(f'#!/bin/sh\nprintf "%s of %s" "{text}" "$3"\n')
        skopeo.chmod(0o755)

    def pin(*arguments: str) -> subprocess.CompletedProcess:
        return run("deploy/pin-images", *arguments, folder=tmp_path, PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    rejected = pin("--check")
    assert rejected.returncode == 1
    assert [line.split(":")[0] for line in rejected.stderr.strip().splitlines()[1:]] == [
        "compose.yaml", "deploy/Containerfile", "deploy/Containerfile", ".github/workflows/ci.yml"]
    answer("first")
    assert pin().returncode == 0
    first = (tmp_path / "deploy/Containerfile").read_text()
    # printf 'first of docker://docker.io/library/swift:6.3' | sha256sum
    assert first.splitlines()[0] == (
        "FROM docker.io/library/swift:6.3@sha256:021f35e17e13fc2d453c4646a7870e9908dfea35e33a4cc546f24129dd088563 AS build")
    answer("second")
    assert pin().returncode == 0
    second = (tmp_path / "deploy/Containerfile").read_text()
    assert second != first and second.count("@sha256:") == 2
    assert [line.split(":")[0] for line in pin("--check").stderr.splitlines()[1:]] == [".github/workflows/ci.yml"]
    (tmp_path / ".github/workflows/ci.yml").write_text(f"      - uses: actions/checkout@{'0' * 40} # v5\n")
    assert pin("--check").returncode == 0
