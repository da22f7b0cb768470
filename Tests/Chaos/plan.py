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
