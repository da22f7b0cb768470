"""A proxy in front of a bot's API that holds chosen requests, as a slow bot does."""

import contextlib
import http.client
import http.server
import re
import threading
import urllib.parse


class HoldingProxy:
    """Passes requests on to an API, except those that it holds: they get no answer, and never reach the API."""

    def __init__(self, url):
        self._target = urllib.parse.urlsplit(url).netloc
        self._patterns = {}
        #: The requests that were held, as `METHOD PATH BODY`.
        self.held = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self):
                proxy._answer(self)

            do_GET = do_POST = do_DELETE = _pass

            def handle(self):
                # The adapter closes connections without an answer.
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def holding(self, pattern):
        """Holds the requests that match during the block. After it their connections are closed without an answer."""
        released = self._patterns[pattern] = threading.Event()
        try:
            yield
        finally:
            del self._patterns[pattern]
            released.set()

    def end(self):
        for released in list(self._patterns.values()):
            released.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        text = f"{request.command} {request.path} {body.decode()}"
        for pattern, released in list(self._patterns.items()):
            if re.search(pattern, text):
                self.held.append(text)
                released.wait()
                request.close_connection = True
                return
        connection = http.client.HTTPConnection(self._target, timeout=60)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "connection")}
            connection.request(request.command, request.path, body or None, headers)
            response = connection.getresponse()
            data = response.read()
            request.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    request.send_header(name, value)
            request.send_header("Content-Length", str(len(data)))
            request.end_headers()
            request.wfile.write(data)
            return
        request.close_connection = True
