"""Small libraries that are loaded into a process before the system's."""

import os
import pathlib
import shutil
import subprocess

# Moves a process's wall clock by the seconds that a file holds, so that it can step while the process runs.
CLOCK = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile long long *step;
__attribute__((constructor)) static void map(void) {
    const char *path = getenv("CHAOS_CLOCK");
    int file = path ? open(path, O_RDONLY) : -1;
    void *found = file < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    step = found == MAP_FAILED ? 0 : found;
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME && step) time->tv_sec += *step;
    return result;
}
"""

# Makes each fsync wait for the seconds that a file holds, while it exists.
FSYNC = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static void wait_as_told(void) {
    char text[32] = "";
    int file = open(DELAY, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    double seconds = length > 0 ? atof(text) : 0;
    struct timespec left = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    // Signals do not end the wait of a real disk.
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
}
int fsync(int file) { wait_as_told(); return syscall(SYS_fsync, file); }
int fdatasync(int file) { wait_as_told(); return syscall(SYS_fdatasync, file); }
"""


def compile(folder: pathlib.Path, name: str, source: str, **texts) -> pathlib.Path | None:
    """The library; `texts` are macros. None where there is no compiler, or where LD_PRELOAD does not exist."""
    compiler = shutil.which("clang") or shutil.which("cc")
    if compiler is None or os.uname().sysname != "Linux":
        return None
    (folder / f"{name}.c").write_text(source)
    macros = [f'-D{macro}="{text}"' for macro, text in texts.items()]
    subprocess.run([compiler, "-shared", "-fPIC", *macros, "-o", folder / f"{name}.so", folder / f"{name}.c"], check=True)
    return folder / f"{name}.so"
