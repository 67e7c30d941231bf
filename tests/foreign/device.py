#!/usr/bin/env python3
"""A managed PC's end of APF in Python, written from the protocol description alone.

It shares no code with the project, so it finds what our own device end and server would both get wrong.
Every forwarded port echoes. It prints one JSON line for each thing that happens.
"""
import argparse
import json
import select
import socket
import ssl
import struct
import sys
import time
import uuid

AUTH = b"auth@amt.intel.com"
PFWD = b"pfwd@amt.intel.com"


def text(value):
    return struct.pack(">I", len(value)) + value


def say(**what):
    print(json.dumps(what), flush=True)


class Channel:
    def __init__(self, number, peer, credit):
        self.number, self.peer, self.credit = number, peer, credit
        self.pending = bytearray()
        self.taken = 0
        self.closing = False


class Device:
    def __init__(self, options):
        self.options = options
        self.ports = [int(port) for port in options.ports.split(",") if port]
        self.input, self.output = bytearray(), bytearray()
        self.channels = {}
        self.forwards = list(self.ports)
        self.settled = False
        self.ended = False
        self.last_keepalive = time.monotonic()
        self.interval = options.keepalive

    # --- sending -------------------------------------------------------------------------------
    def send(self, data):
        self.output += data

    def start(self):
        uid = uuid.UUID(self.options.uuid).bytes_le
        self.send(b"\xc0" + struct.pack(">III", 1, 0, 4) + uid + bytes(64))
        self.send(b"\x05" + text(AUTH))

    def login(self):
        user, password = self.options.user.encode(), self.options.password.encode()
        self.send(b"\x32" + text(user) + text(PFWD) + text(b"password") + b"\0" + text(password))

    def forward_next(self):
        if self.forwards:
            port = self.forwards[0]
            self.send(b"\x50" + text(b"tcpip-forward") + b"\x01" + text(b"") + struct.pack(">I", port))

    def pump(self, channel):
        while channel.pending and channel.credit:
            n = min(len(channel.pending), channel.credit, self.options.piece)
            piece = bytes(channel.pending[:n])
            del channel.pending[:n]
            channel.credit -= n
            self.send(b"\x5e" + struct.pack(">II", channel.peer, n) + piece)
            # What went back is taken: only now the server may send as much again.
            channel.taken += n
        if channel.taken and (channel.taken * 2 >= self.options.window or not channel.pending):
            self.send(b"\x5d" + struct.pack(">II", channel.peer, channel.taken))
            channel.taken = 0

    # --- receiving -----------------------------------------------------------------------------
    def need(self, n):
        return len(self.input) >= n

    def u32(self, at):
        return struct.unpack_from(">I", self.input, at)[0]

    def take(self, n):
        data = bytes(self.input[:n])
        del self.input[:n]
        return data

    def step(self):
        """Handles one message; False when more bytes are needed."""
        if not self.input:
            return False
        kind = self.input[0]
        size = self.size(kind)
        if size is None or not self.need(size):
            return False
        self.handle(kind, self.take(size))
        return True

    def size(self, kind):
        fixed = {1: 7, 52: 1, 82: 1, 91: 17, 92: 17, 93: 9, 97: 5, 192: 93, 208: 5, 209: 5, 210: 9, 81: 5}
        if kind in fixed:
            return fixed[kind]
        if kind == 6:
            return 5 + self.u32(1) if self.need(5) else None
        if kind == 51:
            return 6 + self.u32(1) if self.need(5) else None
        if kind == 94:
            return 9 + self.u32(5) if self.need(9) else None
        if kind == 90:
            at = 1
            for skip in (12, 4):
                if not self.need(at + 4):
                    return None
                at += 4 + self.u32(at) + skip
            if not self.need(at + 4):
                return None
            return at + 4 + self.u32(at) + 4
        raise SystemExit(f"illegal message type {kind} from the server")

    def handle(self, kind, m):
        if kind == 6 and m[5:] == AUTH:
            self.login()
        elif kind == 52:
            say(event="admitted")
            self.send(b"\x05" + text(PFWD))
        elif kind == 51:
            assert len(m) == 14 and m[5:13] == b"password", m
            say(event="refused")
            self.ended = True
        elif kind == 6 and m[5:] == PFWD:
            self.forward_next()
        elif kind == 81:
            assert struct.unpack(">I", m[1:])[0] == self.forwards[0], m
            self.forwards.pop(0)
            self.forward_next()
        elif kind == 210:
            interval, wait = struct.unpack(">II", m[1:])
            assert not self.settled, "KEEPALIVE_OPTIONS twice"
            self.settled = True
            if not self.options.stubborn:
                self.interval = interval
            self.send(b"\xd3" + struct.pack(">II", self.interval, wait))
            say(event="settled", interval=interval)
        elif kind == 208:
            self.send(b"\xd1" + m[1:])
        elif kind == 209:
            say(event="keepalive")
        elif kind == 90:
            self.opened(m)
        elif kind == 94:
            self.data(m)
        elif kind == 93:
            number, more = struct.unpack(">II", m[1:])
            if number in self.channels:
                self.channels[number].credit += more
                self.pump(self.channels[number])
        elif kind == 97:
            self.closed(struct.unpack(">I", m[1:])[0])
        elif kind == 1:
            say(event="disconnect", reason=struct.unpack(">I", m[1:5])[0])
            self.ended = True

    def opened(self, m):
        at = 5 + struct.unpack_from(">I", m, 1)[0]
        peer, window = struct.unpack_from(">II", m, at)
        at += 12
        at += 4 + struct.unpack_from(">I", m, at)[0]
        port = struct.unpack_from(">I", m, at)[0]
        free = [n for n in range(8) if n not in self.channels]
        if port not in self.ports or not free:
            reason = 1 if free else 4
            self.send(b"\x5c" + struct.pack(">IIII", peer, reason, 0, 0))
            return
        number = free[0]
        self.channels[number] = Channel(number, peer, window)
        self.send(b"\x5b" + struct.pack(">IIII", peer, number, self.options.window, 0xFFFFFFFF))
        say(event="channel", port=port, number=number)

    def data(self, m):
        number = struct.unpack_from(">I", m, 1)[0]
        channel = self.channels.get(number)
        if channel is None:
            raise SystemExit(f"data for channel {number}, which is not open")
        channel.pending += m[9:]
        if len(channel.pending) + channel.taken > self.options.window:
            raise SystemExit("the server sent more than the window")
        self.pump(channel)

    def closed(self, number):
        channel = self.channels.pop(number, None)
        if channel is None:
            raise SystemExit(f"CLOSE for channel {number}, which is not open")
        self.send(b"\x61" + struct.pack(">I", channel.peer))
        say(event="closed", number=number)

    def clock(self):
        now = time.monotonic()
        if self.settled and self.interval and now - self.last_keepalive >= self.interval:
            self.last_keepalive = now
            self.send(b"\xd0" + struct.pack(">I", int(now) & 0xFFFFFFFF))


def connect(options):
    raw = socket.create_connection((options.host, options.port))
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if options.plain:
        return raw
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(options.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(options.ciphers)
    return context.wrap_socket(raw, server_hostname=options.host)


def run(options):
    try:
        io = connect(options)
    except ssl.SSLError as error:
        say(event="tls failed", why=str(error))
        return
    device = Device(options)
    device.start()
    io.setblocking(False)
    want_write = False
    while not (device.ended and not device.output):
        readable, writable, _ = select.select([io], [io] if device.output or want_write else [], [], 0.2)
        device.clock()
        want_write = False
        if options.silent and device.settled:
            # Half-dead: the connection is there, but nothing is read or said any more.
            time.sleep(0.2)
            if readable and io.fileno() >= 0:
                try:
                    if not io.recv(65536):
                        say(event="end of stream")
                        return
                except (ssl.SSLWantReadError, BlockingIOError):
                    pass
                except OSError as error:
                    say(event="end of stream", why=str(error))
                    return
            continue
        if device.output:
            n = 1 if options.fragment else len(device.output)
            try:
                for _ in range(512 if options.fragment else 1):
                    sent = io.send(device.output[:n])
                    del device.output[:sent]
                    if not device.output:
                        break
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
                want_write = True
            except OSError as error:
                say(event="end of stream", why=str(error))
                return
        try:
            while len(device.output) < 1 << 20:
                data = io.recv(65536)
                if not data:
                    say(event="end of stream")
                    return
                device.input += data
                while device.step():
                    pass
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except OSError as error:
            say(event="end of stream", why=str(error))
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca")
    parser.add_argument("--plain", action="store_true", help="no TLS, for a listener behind a terminator")
    parser.add_argument("--ciphers", help="OpenSSL cipher list, TLS 1.2 at most")
    parser.add_argument("--uuid", required=True)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--ports", default="16993,16992,664,623,16995,16994,5900")
    parser.add_argument("--window", type=int, default=32768, help="granted for each channel")
    parser.add_argument("--piece", type=int, default=800, help="bytes of one CHANNEL_DATA, at most")
    parser.add_argument("--fragment", action="store_true", help="one byte for each write")
    parser.add_argument("--keepalive", type=int, default=30)
    parser.add_argument("--stubborn", action="store_true", help="keeps its own keep-alive interval")
    parser.add_argument("--silent", action="store_true", help="says nothing any more once it is settled")
    run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
