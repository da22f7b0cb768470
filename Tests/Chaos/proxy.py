"""A TCP proxy between clients and servers that can interrupt connections."""

import asyncio
import threading


class Proxy:
    """Forwards connections to the ports in `targets` in turn, skipping closed ports. Runs in a separate thread.

    `mode` is one of:

    - `open`: forwards all data;
    - `reset`: resets existing and new connections;
    - `blocked`: forwards nothing, so connections are half open;
    - `requests-only`: forwards requests but no responses, so the outcome is unknown to the clients.
    """

    def __init__(self, *targets: int):
        self.targets = targets
        self._turn = 0
        self.mode = "open"
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self._run, args=(started,), daemon=True).start()
        started.wait()

    def _run(self, started: threading.Event):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    def cut(self, mode: str):
        self.mode = mode
        if mode == "reset":
            self._loop.call_soon_threadsafe(self._abort)

    def restore(self):
        """Forwards all data again. Half-open connections are reset, as they are when a peer detects the loss."""
        self.mode = "open"
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        if self.mode == "reset":
            return writer.transport.abort()
        self._writers.add(writer)
        other = None
        try:
            to_reader, other = await self._connect()
            self._writers.add(other)
            directions = [asyncio.create_task(self._pass(reader, other, {"open", "requests-only"})),
                          asyncio.create_task(self._pass(to_reader, writer, {"open"}))]
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            for direction in directions:
                direction.cancel()
        except OSError:
            pass
        for end in filter(None, (writer, other)):
            self._writers.discard(end)
            end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._turn += 1
        targets = self.targets
        for number in range(len(targets)):
            try:
                return await asyncio.open_connection("127.0.0.1", targets[(self._turn + number) % len(targets)])
            except OSError:
                if number == len(targets) - 1:
                    raise
        raise OSError("the proxy has no target")

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, modes: set[str]):
        try:
            while data := await reader.read(65536):
                if self.mode in modes:
                    writer.write(data)
                    await writer.drain()
            # An immediate abort would discard the data that was written last.
            writer.write_eof()
            await asyncio.sleep(0.05)
        except OSError:
            pass
