"""Runs a program on a terminal of its own, step by step, and says how both were at the end.

Argument: JSON {"command": [...], "seconds": N, "steps": [STEP, ...]}. A step is one of
  {"expect": TEXT}        waits for the text behind what was expected before
  {"type": TEXT}          types it
  {"signal": NAME}        sends the program a signal
  {"size": [ROWS, COLS]}  another size of the terminal, as a window manager gives it
  {"raw": BOOL}           waits until the terminal passes every key on, or no longer does
  {"run": [...]}          runs another program, which must succeed
The last line of standard output is JSON: {"failed", "exit", "restored", "seen"}; "failed" is the
step that did not take place, "restored" whether the terminal's settings are those from before.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time


class Terminal:
    def __init__(self, task):
        self.deadline = time.monotonic() + task["seconds"]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # The child waits until its terminal was looked at.
            sys.stdin.readline()
            os.execvp(task["command"][0], task["command"])
        self.before = termios.tcgetattr(self.fd)
        os.write(self.fd, b"\n")
        self.seen = b""
        self.taken = 0

    def read(self, patience):
        ready, _, _ = select.select([self.fd], [], [], max(0, patience))
        if not ready:
            return True
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:  # the program has ended
            chunk = b""
        self.seen += chunk
        return bool(chunk)

    def left(self):
        return self.deadline - time.monotonic()

    def expect(self, text):
        text = text.encode()
        while text not in self.seen[self.taken :]:
            if self.left() < 0 or not self.read(self.left()):
                return False
        self.taken = self.seen.index(text, self.taken) + len(text)
        return True

    def raw(self, wanted):
        while bool(termios.tcgetattr(self.fd)[3] & termios.ICANON) == wanted:
            if self.left() < 0:
                return False
            self.read(0.02)
        return True

    def step(self, step):
        ((kind, value),) = step.items()
        if kind == "expect":
            return self.expect(value)
        if kind == "raw":
            return self.raw(value)
        if kind == "type":
            os.write(self.fd, value.encode())
        elif kind == "signal":
            os.kill(self.pid, getattr(signal, "SIG" + value))
        elif kind == "size":
            fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", *value, 0, 0))
        elif kind == "run":
            subprocess.run(value, check=True, stdout=subprocess.DEVNULL)
        return True

    def end(self):
        """The exit code, or minus the signal; none when it runs on."""
        while self.left() > 0 and self.read(self.left()):
            pass
        while self.left() > 0:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


def main():
    task = json.loads(sys.argv[1])
    terminal = Terminal(task)
    failed = next((step for step in task["steps"] if not terminal.step(step)), None)
    ended = terminal.end()
    restored = termios.tcgetattr(terminal.fd) == terminal.before
    seen = terminal.seen.decode("utf-8", "backslashreplace")
    print(json.dumps({"failed": failed, "exit": ended, "restored": restored, "seen": seen}))


main()
