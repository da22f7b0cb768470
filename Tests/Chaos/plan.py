"""Plans when each fault is injected. The same seed produces the same plan."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One fault. Times are seconds since the start of the run."""

    at: float
    fault: str
    seconds: float
    # A random number from which the fault selects its variant, such as the backend that it pauses.
    choice: int

    @property
    def end(self) -> float:
        return self.at + self.seconds


def plan(seed: int, total: float, durations: dict[str, tuple[float, float]], first: float = 5.0) -> list[Step]:
    """Plans all faults in random order, repeatedly, until `total` seconds are filled. The server has 6 to 12 s to recover after each fault.

    - durations: the minimum and maximum duration of each fault, in seconds.
    - first: when the first fault begins, in seconds.
    """
    generator = random.Random(seed)
    steps: list[Step] = []
    at = first
    while durations:
        for name in generator.sample(sorted(durations), len(durations)):
            seconds = round(generator.uniform(*durations[name]), 1)
            if at + seconds > total:
                return steps
            steps.append(Step(round(at, 1), name, seconds, generator.randrange(1 << 16)))
            at += seconds + generator.uniform(6, 12)
    return steps


def pairs(seed: int, total: float, durations: dict[str, tuple[float, float]], conflict, first: float = 5.0) -> list[tuple[Step, Step]]:
    """Plans pairs of faults: each fault in random order, with a random second one that begins during the first or within two seconds.

    The server has 8 to 14 s to recover after each pair.

    - durations, first: as in `plan`.
    - conflict: takes the names of two faults and returns whether they exclude each other.
    """
    generator = random.Random(seed)
    found: list[tuple[Step, Step]] = []
    at = first
    while durations:
        for name in generator.sample(sorted(durations), len(durations)):
            others = [other for other in sorted(durations) if other != name and not conflict(name, other)]
            if not others:
                return found
            one = Step(round(at, 1), name, round(generator.uniform(*durations[name]), 1), generator.randrange(1 << 16))
            other = generator.choice(others)
            begin = round(at + generator.uniform(0, max(2, one.seconds)), 1)
            two = Step(begin, other, round(generator.uniform(*durations[other]), 1), generator.randrange(1 << 16))
            at = max(one.end, two.end)
            if at > total:
                return found
            found.append((one, two))
            at += generator.uniform(8, 14)
    return found
