"""Collects the differences between Flotilla and a bot."""

import collections
import datetime


def moment(text):
    """A time of the API; None if there is none."""
    return text and datetime.datetime.fromisoformat(text)


class Comparison:
    """The differences of one bot, and how many elements of each kind were compared."""

    def __init__(self, name):
        self.name = name
        self.differences = []
        self.counts = collections.Counter()

    def equal(self, subject, flotilla, bot):
        """Adds a difference unless both sides are equal, to the last digit."""
        if flotilla != bot:
            self.differences.append(f"{self.name}: {subject}: {flotilla!r} in Flotilla, {bot!r} at the bot")

    def near(self, subject, flotilla, bot, tolerance):
        """Adds a difference unless both sides are equal within a tolerance, for figures that the bot computes with floats."""
        if abs(flotilla - bot) >= tolerance:
            self.equal(subject, flotilla, bot)

    def exposures(self, positions, quantities, price_digits, value_digits):
        """Compares exposures with quantities by symbol. An exposure is its quantity at some price, whose digits are limited."""
        exposures = {item["symbol"]: item["net_exposure"] for item in positions if item["gross_exposure"]}
        self.equal("symbols with positions", set(exposures), set(quantities))
        for symbol in exposures.keys() & quantities.keys():
            price = round(exposures[symbol] / quantities[symbol], price_digits)
            self.equal(f"exposure of {symbol} at the price {price}", exposures[symbol], round(quantities[symbol] * price, value_digits))
            self.counts["position"] += 1

    def booked_fees(self, parts, fees):
        """Compares the fees of the parts of the net PnL with fees by symbol and currency."""
        booked = {(part["symbol"], part["currency"]): part["fees"] for part in parts if part["fee_entries"]}
        self.equal("booked fees", booked, dict(fees))

    def take(self, elements, key, kind):
        """Takes the element with a key out of the elements of Flotilla; None, and a difference, if there is none."""
        element = elements.pop(key, None)
        if element is None:
            self.differences.append(f"{self.name}: {kind} {key} is missing in Flotilla")
        self.counts[kind] += 1
        return element

    def none_left(self, elements, kind):
        """Adds a difference for each element that only Flotilla has."""
        self.differences += [f"{self.name}: only Flotilla has {kind} {key}: {element}" for key, element in elements.items()]


def by(elements, member):
    """Elements by one of their members."""
    return {element[member]: element for element in elements}
