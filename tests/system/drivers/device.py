"""A device that shares no code with the server: APF over TLS, written from the protocol notes alone.

Argument: JSON with address, port, root (PEM file), guid, user, password, ports, fragments (sizes
of the pieces in which bytes are written, taken in turn), window (what it grants), credit (how many
bytes it takes before it grants them again). A channel to port 5900 is a flood that goes on as long
as the server grants room; every other channel sends back what it is sent. With push (a list of
bodies) it opens one channel to 10.0.0.9:5989 itself and posts them there, one after the other.

Prints "ready" when its ports are forwarded, "refused REASON" or "answer N ..." about its own channel, "violation: ..." and exits 1 when the server breaks the
protocol, "end: ..." when the tunnel ends.
"""

import collections
import itertools
import json
import os
import select
import socket
import ssl
import struct
import sys
import uuid

AUTH, PFWD = b"auth@amt.intel.com", b"pfwd@amt.intel.com"
FLOOD_PORT = 5900
OWN = 100  # our id of the channel that we open


def string(value):
    return struct.pack(">I", len(value)) + value


# A file in which stands what was said, for a reader who must not miss what came before an answer.
notes = None


def say(line):
    """One write for a line, so that lines of several devices do not mix."""
    if notes is not None:
        os.write(notes, f"{line}\n".encode())
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Violation(Exception):
    pass


class Channel:
    def __init__(self, theirs, port, credit):
        self.theirs = theirs
        self.port = port
        self.credit = credit  # what the server lets us send
        self.granted = 0  # what we let the server send
        self.taken = 0
        self.takes = True  # it grants what it has taken
        self.pending = bytearray()


class Device:
    def __init__(self, task):
        self.task = task
        self.fragments = itertools.cycle(task["fragments"])
        self.out = bytearray()
        self.input = bytearray()
        self.channels = {}
        self.closing = set()
        self.answers = collections.deque()  # what the server owes, in order
        self.options = 0
        self.pushed = None  # the server's id of our own channel
        self.pushes = list(task.get("push", []))
        self.reply = bytearray()
        self.answered = 0
        self.patience = None  # seconds that it waits at most before it looks around
        context = ssl.create_default_context(cafile=task["root"])
        plain = socket.create_connection((task["address"], task["port"]))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname=task["address"])
        self.socket.setblocking(False)

    def run(self):
        task = self.task
        guid = uuid.UUID(task["guid"]).bytes_le
        # Greeting and first request without waiting, as some devices do.
        self.send(struct.pack(">BIII", 192, 1, 0, 1) + guid + bytes(64))
        self.send(b"\x05" + string(AUTH))
        self.expect(b"\x06" + string(AUTH))
        password = b"\x00" + string(task["password"].encode())
        self.send(b"\x32" + string(task["user"].encode()) + string(PFWD) + string(b"password") + password)
        self.expect(b"\x34")
        self.send(b"\x05" + string(PFWD))
        self.expect(b"\x06" + string(PFWD))
        for port in task["ports"]:
            self.send(b"\x50" + string(b"tcpip-forward") + b"\x01" + string(b"") + struct.pack(">I", port))
        # From here on the server may speak unasked (it asks for keep-alives at a time of its choice), so
        # each answer is one message among others.
        for port in task["ports"]:
            self.answers.append(struct.pack(">BI", 81, port))
        # Keep-alives are ours to send and the server's to answer.
        self.send(struct.pack(">BI", 208, 255))
        self.answers.append(struct.pack(">BI", 209, 255))
        while self.answers:
            self.message()
        say("ready")
        if self.pushes:
            originator = string(b"192.168.1.20") + struct.pack(">I", 40000)
            self.send(b"\x5a" + string(b"direct-tcpip") + struct.pack(">III", OWN, 4096, 0xFFFFFFFF)
                      + string(b"10.0.0.9") + struct.pack(">I", 5989) + originator)
        while True:
            self.message()

    # Bytes

    def send(self, message):
        self.out += message

    def pump(self, wait):
        """Writes and reads what is possible; waits for one of the two when there is nothing."""
        moved = False
        while self.out:
            piece = bytes(self.out[: next(self.fragments)])
            try:
                self.socket.send(piece)
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                break
            del self.out[: len(piece)]
            moved = True
            if len(self.out) % 64 == 0:
                break
        try:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the server closed")
            self.input += data
            return
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        if wait and not moved:
            select.select([self.socket], [self.socket] if self.out else [], [], self.patience)

    def take(self, count):
        while len(self.input) < count:
            self.flood()
            self.pump(wait=True)
        taken = bytes(self.input[:count])
        del self.input[:count]
        return taken

    def number(self):
        return struct.unpack(">I", self.take(4))[0]

    def text(self):
        return self.take(self.number())

    def expect(self, message):
        found = self.take(len(message))
        if found != message:
            raise Violation(f"expected {message.hex()}, got {found.hex()}")

    # Messages of the server

    def message(self):
        kind = self.take(1)[0]
        handler = {
            1: self.disconnect,
            81: self.owed,
            209: self.owed,
            90: self.open,
            91: self.confirmed,
            92: self.refused,
            93: self.adjust,
            94: self.data,
            97: self.close,
            208: self.keep_alive,
            210: self.keep_alive_options,
        }.get(kind)
        if handler is None:
            raise Violation(f"message {kind} is not for a device")
        self.kind = kind
        handler()

    def owed(self):
        found = bytes([self.kind]) + self.take(4)
        expected = self.answers.popleft() if self.answers else b""
        if found != expected:
            raise Violation(f"expected {expected.hex()}, got {found.hex()}")

    def disconnect(self):
        reason = self.number()
        self.take(2)
        raise EOFError(f"disconnect {reason}")

    def keep_alive(self):
        self.send(struct.pack(">BI", 209, self.number()))

    def keep_alive_options(self):
        self.options += 1
        if self.options > 1:
            raise Violation("keep-alive options twice")
        interval, timeout = self.number(), self.number()
        self.send(struct.pack(">BII", 211, interval, timeout))
        say(f"options {interval} {timeout}")

    def open(self):
        kind, theirs, window, reserved = self.text(), self.number(), self.number(), self.number()
        _, port = self.text(), self.number()
        _, _ = self.text(), self.number()
        if kind != b"forwarded-tcpip" or reserved != 0xFFFFFFFF:
            raise Violation(f"open of {kind} with reserved {reserved:#x}")
        if port not in self.task["ports"]:
            raise Violation(f"open to port {port}, which was not forwarded")
        free = next((number for number in range(8) if number not in self.channels), None)
        if free is None:
            self.send(struct.pack(">BIIII", 92, theirs, 4, 0, 0))
            return
        channel = self.channels[free] = Channel(theirs, port, window)
        # Ids that the server still holds closed are used again at once, as firmware does.
        self.closing.discard(free)
        channel.granted = self.task["window"]
        self.send(struct.pack(">BIIII", 91, theirs, free, channel.granted, 0xFFFFFFFF))

    # A channel of our own, for events

    def confirmed(self):
        ours, theirs, window, _ = (self.number() for _ in range(4))
        if ours != OWN or self.pushed is not None:
            raise Violation(f"confirmation of channel {ours}, which was not asked for")
        self.pushed, self.granted = theirs, window
        self.push()

    def refused(self):
        ours, reason = self.number(), self.number()
        if ours != OWN or (self.number(), self.number()) != (0, 0):
            raise Violation(f"refusal of channel {ours}, or not of 17 bytes")
        say(f"refused {reason}")

    def push(self):
        body = self.pushes.pop(0).encode()
        head = "POST /events HTTP/1.1\r\nHost: 10.0.0.9:5989\r\nContent-Type: application/soap+xml\r\n"
        data = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        if len(data) > self.granted:
            raise Violation(f"{len(data)} bytes to push, and only {self.granted} granted")
        self.granted -= len(data)
        for at in range(0, len(data), 500):
            self.send(struct.pack(">BI", 94, self.pushed) + string(data[at : at + 500]))

    def pushed_answer(self, data):
        self.send(struct.pack(">BII", 93, self.pushed, len(data)))
        self.reply += data
        head, end, body = bytes(self.reply).partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0) if end else 0
        if end and len(body) >= length:
            self.reply.clear()
            self.answered += 1
            say(f"answer {self.answered} " + json.dumps([head.decode(), body.decode()]))
            if self.pushes:
                self.push()

    def adjust(self):
        ours, more = self.number(), self.number()
        if ours == OWN:
            self.granted += more
            return
        channel = self.channels.get(ours)
        if channel is None:
            return
        channel.credit += more
        if channel.credit > 0xFFFFFFFF:
            raise Violation("window above 32 bits")
        self.answer(channel)

    def data(self):
        ours, data = self.number(), self.text()
        if ours == OWN and self.pushed is not None:
            self.pushed_answer(data)
            return
        channel = self.channels.get(ours)
        if channel is None:
            if ours not in self.closing:
                raise Violation(f"data for channel {ours}, which is not open")
            return
        if len(data) > channel.granted:
            raise Violation(f"{len(data)} bytes where {channel.granted} were granted")
        if not data:
            raise Violation("data without a byte")
        channel.granted -= len(data)
        channel.taken += len(data)
        if channel.takes and (channel.taken >= self.task["credit"] or channel.granted == 0):
            self.send(struct.pack(">BII", 93, channel.theirs, channel.taken))
            channel.granted += channel.taken
            channel.taken = 0
        if channel.port != FLOOD_PORT:
            channel.pending += data
            self.answer(channel)

    def answer(self, channel):
        while channel.pending and channel.credit:
            piece = bytes(channel.pending[: min(channel.credit, 1500)])
            del channel.pending[: len(piece)]
            channel.credit -= len(piece)
            self.send(struct.pack(">BI", 94, channel.theirs) + string(piece))

    def flood(self):
        if len(self.out) > 262144:
            return
        for channel in self.channels.values():
            if channel.port == FLOOD_PORT and channel.credit:
                piece = bytes(min(channel.credit, 4096))
                channel.credit -= len(piece)
                self.send(struct.pack(">BI", 94, channel.theirs) + string(piece))

    def close(self):
        ours = self.number()
        if ours == OWN and self.pushed is not None:
            self.send(struct.pack(">BI", 97, self.pushed))
            say("closed")
            self.pushed = None
            return
        channel = self.channels.pop(ours, None)
        if channel is None:
            raise Violation(f"close of channel {ours}, which is not open")
        self.closing.add(ours)
        self.send(struct.pack(">BI", 97, channel.theirs))


def main(kind):
    try:
        kind(json.loads(sys.argv[1])).run()
    except Violation as violation:
        say(f"violation: {violation}")
        sys.exit(1)
    except (EOFError, OSError) as end:
        say(f"end: {end}")


if __name__ == "__main__":
    main(Device)
