"""The libraries that faults load into processes."""

import os
import subprocess
import sys

import pytest

import preload

MEASURE = "import os, time; start = time.monotonic(); os.{}(os.open({!r}, os.O_RDWR | os.O_CREAT)); print(time.monotonic() - start)"


@pytest.mark.parametrize("call", ["fsync", "fdatasync"])
def test_a_sync_takes_as_much_longer_as_the_file_says(tmp_path, call):
    delay = tmp_path / "delay"
    library = preload.compile(tmp_path, "fsync", preload.FSYNC, DELAY=delay)
    if library is None:
        pytest.skip("there is no compiler")

    def seconds() -> float:
        command = [sys.executable, "-c", MEASURE.format(call, str(tmp_path / "file"))]
        return float(subprocess.run(command, env=os.environ | {"LD_PRELOAD": str(library)}, check=True, capture_output=True, text=True).stdout)

    delay.write_text("1.5")
    assert seconds() >= 1.5
    delay.unlink()
    assert seconds() < 1.5
