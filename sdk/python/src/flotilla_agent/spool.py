"""Stores pending reports."""

from __future__ import annotations

import dataclasses
import os
import threading
import typing

from .files import AppendFile, complete_lines, decode, encode, read, replace

#: The kinds of reports, named after their paths below `/ingest/`, in the order in which they are sent.
KINDS = ["metrics", "positions", "costs", "execution-quality", "orders", "fills", "trades", "balances", "log"]

#: Kinds that are never dropped: a fee that is lost makes every later sum wrong.
_KEPT = {"costs", "fills"}


class SpoolFull(Exception):
    """The spool is full and contains only costs and fills, which are never dropped. The report was not stored."""


class Report(typing.NamedTuple):
    """A pending report."""

    kind: str
    body: dict[str, object]

    def line(self) -> str:
        """The line in the spool: `{"kind":"costs","body":{…}}`"""
        return encode({"kind": self.kind, "body": self.body}) + "\n"


@dataclasses.dataclass
class _Segment:
    number: int
    size: int = 0
    count: int = 0
    #: Whether all reports except costs and fills were dropped.
    is_reduced: bool = False


class Spool:
    """Stores pending reports in a directory of JSON-lines files, which are sent and deleted in order.

    A report is in a file when `add` returns, so it survives the end of the process. If the spool is full, the oldest reports except
    costs and fills are dropped.
    """

    #: The maximum number of reports per file, which is the limit of one request.
    SEGMENT_LENGTH = 1000

    def __init__(self, directory: str, limit: int) -> None:
        """Opens the spool in `directory`, with at most `limit` bytes. Reports of earlier processes are sent first. Raises OSError."""
        self._directory = directory
        self._limit = limit
        self._lock = threading.Lock()
        self._open: AppendFile | None = None
        self._dropped = 0
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self._segments: list[_Segment] = []
        for name in os.listdir(directory):
            number, suffix = os.path.splitext(name)
            if suffix == ".jsonl" and number.isdigit():
                data = read(f"{directory}/{name}") or b""
                self._segments.append(_Segment(int(number), len(data), len(complete_lines(data))))
        self._segments.sort(key=lambda segment: segment.number)
        #: The number of the next file. Numbers are never reused.
        self._next = self._segments[-1].number + 1 if self._segments else 1

    def _path(self, number: int) -> str:
        return f"{self._directory}/{number}.jsonl"

    @property
    def count(self) -> int:
        """The number of pending reports."""
        with self._lock:
            return sum(segment.count for segment in self._segments)

    def take_dropped(self) -> int:
        """Returns the number of reports dropped since the last call."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            return dropped

    def add(self, report: Report) -> None:
        """Stores a report; raises SpoolFull or OSError."""
        line = report.line()
        size = len(line.encode())
        with self._lock:
            self._make_room(size)
            if self._open is None or self._segments[-1].count >= self.SEGMENT_LENGTH:
                self._close()
                self._open = AppendFile(self._path(self._next))
                self._segments.append(_Segment(self._next))
                self._next += 1
            try:
                self._open.append(line)
            except OSError:
                # The line may be incomplete, so the next report must start a new file.
                self._close()
                raise
            self._segments[-1].size += size
            self._segments[-1].count += 1

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _make_room(self, size: int) -> None:
        """Drops the oldest reports except costs and fills, one file at a time, until `size` bytes fit."""
        while sum(segment.size for segment in self._segments) + size > self._limit:
            segment = next((segment for segment in self._segments if not segment.is_reduced), None)
            if segment is None:
                total = sum(segment.size for segment in self._segments)
                raise SpoolFull(f"the spool is full: {total} bytes of costs and fills are pending, and these are never dropped")
            if segment is self._segments[-1]:
                self._close()
            kept = [report for report in self._reports(segment.number) if report.kind in _KEPT]
            self._dropped += segment.count - len(kept)
            self._keep(segment, kept)
            segment.is_reduced = True

    def _keep(self, segment: _Segment, reports: list[Report]) -> None:
        if not reports:
            os.unlink(self._path(segment.number))
            self._segments.remove(segment)
            return
        text = "".join(report.line() for report in reports)
        replace(self._path(segment.number), text, is_durable=False)
        segment.size, segment.count = len(text.encode()), len(reports)

    # Sending

    def oldest(self) -> tuple[int, list[Report]] | None:
        """Returns the number of the oldest file and its reports, or None if the spool is empty. No more reports are added to that file."""
        with self._lock:
            if not self._segments:
                return None
            if len(self._segments) == 1:
                self._close()
            number = self._segments[0].number
        return number, self._reports(number)

    def _reports(self, number: int) -> list[Report]:
        reports = []
        for line in complete_lines(read(self._path(number)) or b""):
            json = decode(line)
            reports.append(Report(json["kind"], json["body"]))
        return reports

    def remove(self, number: int, keeping: list[Report]) -> None:
        """Deletes a file after sending, or reduces it to the reports that must be sent again."""
        with self._lock:
            for segment in self._segments:
                if segment.number == number:
                    self._keep(segment, keeping)
                    return
