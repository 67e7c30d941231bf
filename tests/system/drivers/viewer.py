"""Runs a VNC viewer on an X server of its own and counts the colours that it shows.

Argument: JSON {"viewer": [...], "seconds": N, "colour": [R, G, B], "least": N}. It waits until at least
`least` pixels have that colour, give or take what 16 bits lose, and then until the picture changes.
Exit code 0 when both came; the last line says what was seen.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
import time

NEAR = 8


def picture(path):
    """Width, bytes a line, and the pixels of the X server's own memory (the format of xwd)."""
    with open(path, "rb") as file:
        data = file.read()
    head = struct.unpack(">25I", data[:100])
    size, width, height, bits, line, colours = head[0], head[4], head[5], head[11], head[12], head[19]
    assert bits == 32, f"{bits} bits a pixel"
    start = size + colours * 12
    return width, height, data[start : start + line * height]


def count(pixels, colour):
    red, green, blue = colour
    near = 0
    for at in range(0, len(pixels), 4 * 3):
        b, g, r = pixels[at : at + 3]
        near += abs(r - red) <= NEAR and abs(g - green) <= NEAR and abs(b - blue) <= NEAR
    return near * 3


def main():
    task = json.loads(sys.argv[1])
    deadline = time.monotonic() + task["seconds"]
    with tempfile.TemporaryDirectory() as directory:
        read, write = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x1100x24", "-fbdir", directory, "-nolisten", "tcp"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        viewer = None
        try:
            display = os.read(read, 16).decode().strip()
            environment = {**os.environ, "DISPLAY": f":{display}"}
            viewer = subprocess.Popen(task["viewer"], env=environment, stdin=subprocess.DEVNULL)
            path = os.path.join(directory, "Xvfb_screen0")
            near, before = 0, None
            while time.monotonic() < deadline and viewer.poll() is None:
                _, _, pixels = picture(path)
                if before is None:
                    near = count(pixels, task["colour"])
                    if near >= task["least"]:
                        before = pixels
                elif pixels != before:
                    print(f"{near} pixels of that colour, and it moves")
                    return 0
                time.sleep(0.1)
            print(f"{near} pixels of that colour, moved: no; the viewer's exit code: {viewer.poll()}")
            return 1
        finally:
            for process in (viewer, server):
                if process:
                    process.terminate()
                    process.wait()


sys.exit(main())
