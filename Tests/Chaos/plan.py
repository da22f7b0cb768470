"""What goes wrong when: the same seed is the same plan."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    at: float
    fault: str
    seconds: float
    # Decides what a fault leaves open, such as which backend.
    choice: int

    @property
    def end(self) -> float:
        return self.at + self.seconds


def plan(seed: int, total: float, durations: dict[str, tuple[float, float]], first: float = 5.0) -> list[Step]:
    """Each fault once in an order of chance, and again, until the time is over. Between two there is time to recover.

    - durations: from how many to how many seconds each fault lasts.
    """
    chance = random.Random(seed)
    steps: list[Step] = []
    at = first
    while durations:
        for name in chance.sample(sorted(durations), len(durations)):
            seconds = round(chance.uniform(*durations[name]), 1)
            if at + seconds > total:
                return steps
            steps.append(Step(round(at, 1), name, seconds, chance.randrange(1 << 16)))
            at += seconds + chance.uniform(6, 12)
    return steps


def pairs(seed: int, total: float, durations: dict[str, tuple[float, float]], clash, first: float = 5.0) -> list[tuple[Step, Step]]:
    """Two faults at once: each with another one of chance, which begins while the first lasts, or within two seconds. Then time to recover.

    - clash: whether two faults, by their names, exclude each other.
    """
    chance = random.Random(seed)
    found: list[tuple[Step, Step]] = []
    at = first
    while durations:
        for name in chance.sample(sorted(durations), len(durations)):
            others = [other for other in sorted(durations) if other != name and not clash(name, other)]
            if not others:
                return found
            one = Step(round(at, 1), name, round(chance.uniform(*durations[name]), 1), chance.randrange(1 << 16))
            other = chance.choice(others)
            begin = round(at + chance.uniform(0, max(2, one.seconds)), 1)
            two = Step(begin, other, round(chance.uniform(*durations[other]), 1), chance.randrange(1 << 16))
            at = max(one.end, two.end)
            if at > total:
                return found
            found.append((one, two))
            at += chance.uniform(8, 14)
    return found
