"""Measures long polls: the memory of 10,000 waiting polls, and the latency of commands to 1,000 waiting agents.

Usage: polls.py ADDRESS PID
"""

import asyncio
import datetime
import json
import sys
import time
import uuid

ADDRESS, PID = sys.argv[1], sys.argv[2]
HOST, PORT = ADDRESS.removeprefix("http://").split(":")
COMMANDS = 500


def resident() -> float:
    """The resident memory of the server, in MiB."""
    with open(f"/proc/{PID}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


async def request(reader, writer, method: str, path: str, body: object = None) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Admin-Token: benchmark\r\nContent-Type: application/json\r\n"
    writer.write(head.encode() + f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
    response = await reader.readuntil(b"\r\n\r\n")
    length = int(next(line.split(b":")[1] for line in response.lower().split(b"\r\n") if line.startswith(b"content-length")))
    content = await reader.readexactly(length)
    if not response.startswith(b"HTTP/1.1 20"):
        raise RuntimeError(f"{path}: {response[:40]!r} {content!r}")
    return content


async def poll(instance: str, on_command=None) -> None:
    """Polls for commands and completes them until it is cancelled. `on_command` gets the ID and the time of each command."""
    reader, writer = await asyncio.open_connection(HOST, int(PORT))
    try:
        while True:
            commands = json.loads(await request(reader, writer, "GET", f"/instances/{instance}/commands/pending?wait=55s"))
            for command in commands:
                on_command(command["command_id"], time.perf_counter())
                acknowledgement = {"command_id": command["command_id"], "instance_id": instance, "status": "COMPLETED",
                                   "timestamp": now()}
                await request(reader, writer, "POST", f"/commands/{command['command_id']}/ack", acknowledgement)
    finally:
        writer.close()


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def main() -> None:
    reader, writer = await asyncio.open_connection(HOST, int(PORT))
    beats = [{"instance_id": f"i{i}", "bot_id": "b", "runtime_mode": "LIVE", "exchange": "binance", "symbol": "BTCUSDT",
              "version": "1", "timestamp": now()} for i in range(1000)]
    await request(reader, writer, "POST", "/ingest/heartbeat", beats)

    before = resident()
    waiting = [asyncio.create_task(poll(f"idle-{i}")) for i in range(10_000)]
    await asyncio.sleep(8)
    after = resident()
    print(f"| resident with 10,000 waiting polls | {after:.1f} MiB | without: {before:.1f} MiB | {(after - before) * 1024 / 10_000:.1f} KiB each |")
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(1)

    arrivals: dict[str, asyncio.Future] = {}
    agents = [asyncio.create_task(poll(f"i{i}", lambda id, at: arrivals[id].set_result(at))) for i in range(1000)]
    await asyncio.sleep(3)
    delays = []
    for number in range(COMMANDS):
        id = str(uuid.uuid4())
        arrivals[id] = asyncio.get_running_loop().create_future()
        start = time.perf_counter()
        command = {"command_id": id, "instance_id": f"i{number * 7 % 1000}", "command_type": "SAFE_MODE", "ttl_seconds": 60}
        await request(reader, writer, "POST", "/commands", command)
        delays.append(await asyncio.wait_for(arrivals[id], 10) - start)
        await asyncio.sleep(0.005)
    delays.sort()
    p50, p99 = delays[len(delays) // 2] * 1000, delays[len(delays) * 99 // 100] * 1000
    print(f"| command created until one of 1,000 waiting agents has it | p50 {p50:.1f} ms, p99 {p99:.1f} ms | | |")
    for task in agents:
        task.cancel()
    await asyncio.gather(*agents, return_exceptions=True)


asyncio.run(main())
