"""A bot for the server tests, the same as Tests/RecordingBot in Swift. It appends one line per event to `EVENTS_FILE`."""

import datetime
import os
import sys
import time

from flotilla_agent import Agent, AgentConfiguration, ConfigurationError, OrdersRefused
from flotilla_agent.clock import Clock

events = os.open(os.environ.get("EVENTS_FILE", "events"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
clock_file = os.environ.get("CLOCK_FILE")
pause = float(os.environ.get("HANDLER_SECONDS", "0"))
sync_pause = float(os.environ.get("SYNC_SECONDS", pause))


def write(text):
    os.write(events, f"{time.clock_gettime(time.CLOCK_MONOTONIC)} {text}\n".encode())


def wall():
    seconds = 0
    if clock_file and os.path.exists(clock_file):
        with open(clock_file) as file:
            seconds = int(file.read() or 0)
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)


def handler(command_type, seconds):
    def handle(command):
        write(f"EFFECT {command_type} {command.command_id}")
        time.sleep(seconds)
        return {"done": command_type}

    return handle


def may_order(agent):
    try:
        agent.permit_orders()
        return "permitted"
    except OrdersRefused:
        return "refused"


def main():
    try:
        configuration = AgentConfiguration.from_environment(os.environ)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    agent = Agent(configuration, clock=Clock(wall=wall))
    for command_type in ["FLATTEN", "SAFE_MODE", "CANCEL_ALL", "SYNC_BALANCE"]:
        agent.on(command_type, handler(command_type, sync_pause if command_type == "SYNC_BALANCE" else pause))
    last = ""
    with agent:
        while True:
            now = f"STATE {agent.state} {may_order(agent)}"
            if now != last:
                write(now)
            last = now
            time.sleep(0.01)


main()
