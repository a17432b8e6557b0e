"""Runs a program that ends, with all that it started, when the process that asked for it is gone.

Started by `process.run_program` as a program of its own: python launcher.py SOCKET LIMITS FOLDER PROGRAM ARGUMENT…

SOCKET : number of one end of a pair of sockets; the kernel closes the other end however the asking process ends. What
    is sent through it ends the program; what comes back is "code N" when it has ended (-N for a signal), or "errno N"
    when it cannot be started
LIMITS : "kind:value,…", resource limits of each of its processes, as `resource` numbers them
FOLDER : removed once the program has been stopped because the asking process is gone

It runs before each program, so it imports next to nothing.
"""

import _thread
import os
import signal
import sys

DEATH_SIGNAL = 1
"""Number of PR_SET_PDEATHSIG."""


class Job:
    """One program: its process, and how it came to its end."""

    def __init__(self, asking: int, child: int) -> None:
        self.asking, self.child = asking, child
        self.ended = self.abandoned = False

    def stop_on_request(self) -> None:
        """Kill the program on a word of the asking process, or on its end."""
        try:
            self.abandoned = not os.read(self.asking, 16)
        except OSError:
            self.abandoned = True
        if not self.ended:
            os.kill(self.child, signal.SIGKILL)  # it may not lead its group yet
            kill_group(self.child)

    def wait(self) -> int:
        """Return the code that the program ends with; what it leaves running is killed."""
        _, status = os.waitpid(self.child, 0)
        self.ended = True
        kill_group(self.child)
        return os.waitstatus_to_exitcode(status)


def main(asking: int, limits: str, folder: str, command: list[str]) -> None:
    """Run the command to its end, or to the end of who asked for it."""
    os.set_inheritable(asking, False)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # whether to stop is for the asking process to say
        signal.signal(name, signal.SIG_IGN)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _become(command, limits, writing)
    os.close(writing)
    job = Job(asking, child)
    _thread.start_new_thread(job.stop_on_request, ())
    failed = os.read(reading, 16)
    code = job.wait()
    try:
        os.write(asking, b"errno " + failed if failed else f"code {code}".encode())
    except OSError:
        job.abandoned = True
    if job.abandoned:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def _become(command: list[str], limits: str, failure: int) -> None:
    """Turn this process, just forked, into the program; write the number of the error where that fails."""
    try:
        os.setpgid(0, 0)
        _die_with_parent()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(name, signal.SIG_DFL)
        _limit(limits)
        os.execv(command[0], command)
    except OSError as error:
        os.write(failure, str(error.errno).encode())
    finally:
        os._exit(127)


def _die_with_parent() -> None:
    """Have the kernel end this process should the launcher itself be killed; only Linux can."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)


def _limit(limits: str) -> None:
    if limits:
        import resource

        for kind, most in (map(int, limit.split(":")) for limit in limits.split(",")):
            allowed = resource.getrlimit(kind)[1]  # a batch system may have set less
            most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
            resource.setrlimit(kind, (most, most))


def kill_group(child: int) -> None:
    """Kill the process group that a child leads; nothing to do when it is empty."""
    try:  # noqa: SIM105 - contextlib takes longer to import than all else
        os.killpg(child, signal.SIGKILL)
    except OSError:
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
