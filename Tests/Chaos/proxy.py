"""A TCP proxy between the clients and servers, which can cut what goes through it."""

import asyncio
import threading


class Proxy:
    """Runs in a thread of its own.

    `mode` is what happens: `open` passes everything on; `closed` resets every connection and each new one; `silent` passes nothing on, so
    connections are half open; `deaf` passes requests on and no answers, so clients cannot know what became of them.

    Connections go to the ports in `targets` in turn, and to the next one while a port is closed.
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
        if mode == "closed":
            self._loop.call_soon_threadsafe(self._abort)

    def restore(self):
        """Connections that were half open end now, as they would once a peer notices."""
        self.mode = "open"
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        if self.mode == "closed":
            return writer.transport.abort()
        self._writers.add(writer)
        other = None
        try:
            to_reader, other = await self._connect()
            self._writers.add(other)
            ways = [asyncio.create_task(self._pass(reader, other, {"open", "deaf"})),
                    asyncio.create_task(self._pass(to_reader, writer, {"open"}))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
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
        raise OSError("no server is behind the proxy")

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, modes: set[str]):
        try:
            while data := await reader.read(65536):
                if self.mode in modes:
                    writer.write(data)
                    await writer.drain()
            # What is written last still arrives.
            writer.write_eof()
            await asyncio.sleep(0.05)
        except OSError:
            pass
