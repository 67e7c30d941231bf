"""Runs a program on a terminal of its own and talks to it.

Argument: JSON {"command": [...], "seconds": N, "talk": [[EXPECTED, ANSWER], ...]}. For each pair it
waits for the expected text after what was seen before, then types the answer. What the program
wrote goes to standard output; exit code 0 when the whole talk took place.
"""

import json
import os
import pty
import select
import sys
import time


def main():
    task = json.loads(sys.argv[1])
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(task["command"][0], task["command"])
    deadline = time.monotonic() + task["seconds"]
    seen = b""
    done = True
    for expected, answer in task["talk"]:
        expected = expected.encode()
        while expected not in seen:
            ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
            chunk = b""
            if ready:
                try:
                    chunk = os.read(terminal, 65536)
                except OSError:  # the program has ended
                    pass
            if not chunk:
                done = False
                break
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            seen += chunk
        if not done:
            break
        seen = seen[seen.index(expected) + len(expected) :]
        os.write(terminal, answer.encode())
    # Closing the terminal hangs up, as closing its window would.
    os.close(terminal)
    os.waitpid(pid, 0)
    sys.exit(0 if done else 1)


main()
