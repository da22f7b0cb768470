"""Fixtures that several files of tests share."""

import itertools
import subprocess

import pytest

from control_plane import ControlPlane, find_server
from freqtrade_fleet import Exchange, install


@pytest.fixture(scope="session")
def flotilla_server():
    """Skips tests that need the server if it is not built."""
    try:
        return find_server()
    except OSError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def control_plane(flotilla_server):
    """The real control plane, shared by all tests."""
    control_plane = ControlPlane()
    yield control_plane
    control_plane.end()


@pytest.fixture
def doomed_control_plane(flotilla_server):
    """A real control plane for one test, which may kill or suspend it."""
    control_plane = ControlPlane()
    yield control_plane
    control_plane.end()


@pytest.fixture(scope="module")
def freqtrade_program():
    """freqtrade, whose installation takes some minutes, so it stays in `.build/freqtrade`."""
    try:
        return install()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"freqtrade is not installed, and PyPI is unreachable: {error}")


@pytest.fixture(scope="module")
def exchange():
    """A fake exchange for freqtrade bots."""
    exchange = Exchange(seed=1)
    yield exchange
    exchange.end()


_numbers = itertools.count(1)


@pytest.fixture
def unique_number():
    """A number that no other test has, for the names of instances."""
    return next(_numbers)
