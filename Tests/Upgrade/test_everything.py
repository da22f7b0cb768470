"""What the client of all operations finds wrong."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Chaos"))

from everything import Call, Everything  # noqa: E402

CONTRACT = {"paths": {"/bots": {"parameters": [], "get": {"operationId": "listBots"}},
                      "/commands": {"get": {"operationId": "listCommands"}, "post": {"operationId": "createCommand"}}}}


def test_operations_that_did_not_succeed_in_a_phase_are_missing():
    client = Everything(0, 0, None)
    client.calls = [Call("a", "GET /bots", 200, ""), Call("a", "POST /commands", 202, ""), Call("a", "GET /commands", 503, "")]
    assert client.missing(CONTRACT, "a") == {"GET /commands"}
    assert client.missing(CONTRACT, "b") == {"GET /bots", "GET /commands", "POST /commands"}


def test_only_a_login_may_be_answered_with_a_redirect():
    client = Everything(0, 0, None)
    client.calls = [Call("a", "POST page login", 303, ""), Call("a", "GET page bots", 200, "")]
    assert client.wrong == []
    wrong = [Call("a", "GET page bots", 303, ""), Call("a", "GET /bots", 404, "…"), Call("a", "GET /bots", 500, "…")]
    client.calls += wrong
    assert client.wrong == wrong
