"""Runs the fake exchange: `python3 demo/exchange --port 18555 --seed 1`."""

import argparse
import signal
import sys

from server import ExchangeServer


def main() -> None:
    """Serves until SIGTERM or SIGINT. Prints the base URL when it accepts connections."""
    parser = argparse.ArgumentParser(prog="exchange", description="A fake exchange on loopback that answers Binance's spot REST API.")
    parser.add_argument("--port", type=int, default=18555, help="the port (default: 18555; 0 chooses a free one)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of all prices (default: 1)")
    parser.add_argument("--verbose", action="store_true", help="log requests")
    arguments = parser.parse_args()
    server = ExchangeServer(arguments.port, arguments.seed, arguments.verbose)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(server.url, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


main()
