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
