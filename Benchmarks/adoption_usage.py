"""The processor time and the memory of processes, over restarts."""

import pathlib
import threading
import time


def reading(process):
    """The processor time in seconds, the resident memory in MiB, and the number of threads."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100, int(fields[21]) * 4096 / 2**20, int(fields[17])


class Usage:
    """Samples named processes twice per second. A process that is killed is replaced by the next one with its name."""

    def __init__(self):
        self._processes = {}
        #: By name and process: the first and the last reading of the processor time.
        self._times = {}
        self._memory = {}
        self._threads = {}
        self._began = time.monotonic()

    def follow(self, name, process):
        """`process` returns the current process id."""
        self._processes[name] = process

    def start(self, stopping):
        self._began = time.monotonic()
        self._sample()

        def keep_sampling():
            while not stopping.wait(0.5):
                self._sample()

        threading.Thread(target=keep_sampling, daemon=True).start()

    def _sample(self):
        is_first = not self._times
        for name, process in self._processes.items():
            try:
                identity = process()
                seconds, memory, threads = reading(identity)
            except (OSError, IndexError):
                continue
            if not memory:
                # It was killed.
                continue
            # A process that was started later counts from its start.
            first, _ = self._times.get((name, identity), (seconds if is_first else 0.0, 0.0))
            self._times[name, identity] = first, seconds
            self._memory.setdefault(name, []).append(memory)
            self._threads[name] = threads

    def _processor(self, name):
        used = sum(last - first for (known, _), (first, last) in list(self._times.items()) if known == name)
        return 100 * used / max(1, time.monotonic() - self._began)

    def line(self):
        """The current figures in one line."""
        parts = [f"{name} {self._processor(name):.0f} %, {values[-1]:.0f} MiB" for name, values in list(self._memory.items())]
        return "; ".join(parts)

    def summary(self):
        """The figures of the run, a line for each name."""
        return [
            f"{name}: {self._processor(name):.1f} % of one processor, {values[-1]:.0f} MiB resident at the end, {max(values):.0f} MiB at most,"
            f" {self._threads[name]} threads"
            for name, values in list(self._memory.items())
        ]
