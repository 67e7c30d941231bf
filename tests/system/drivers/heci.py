"""Both ends of AMT's host interface, sharing no code with our programs.

client PATH COMMAND     sends one request (open, close, status, interfaces, log, or hex digits), a byte at a time, and
                        prints what the answer says
server PATH STATUS      answers every request with that status; with 0 also with a body. Prints "ready" when it listens.
"""

import os
import socket
import struct
import sys

WORDS = {"open": 0x44, "close": 0x45, "status": 0x46, "interfaces": 0x4D, "log": 0x8E}
CLASS, ANSWER = 0x04000000, 0x00800000


def take(stream, count):
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise EOFError(f"{len(data)} of {count} bytes")
        data += piece
    return data


def message(stream):
    head = take(stream, 12)
    major, minor, reserved, word, length = struct.unpack("<BBHII", head)
    return (major, minor, reserved), word, take(stream, length)


def client(path, command):
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.settimeout(60)
    stream.connect(path)
    if command in WORDS:
        body = b"\x01" if command == "log" else b""
        request = struct.pack("<BBHII", 1, 1, 0, CLASS | WORDS[command], len(body)) + body
    else:
        request = bytes.fromhex(command)
    for byte in request:
        stream.sendall(bytes([byte]))
    version, word, body = message(stream)
    status = struct.unpack_from("<I", body)[0]
    print(f"version {version} word {word:08x} status {status:#x} length {len(body)}")
    rest = body[4:]
    if status or not rest:
        return
    if command == "status":
        network, tunnel, trigger, length = struct.unpack_from("<IIIH", rest)
        print(f"network {network} tunnel {tunnel} trigger {trigger} mps {rest[14:14 + length].decode()}")
        assert len(rest) == 14 + length
    elif command == "interfaces":
        print(f"bits {struct.unpack('<I', rest)[0]}")
    elif command == "log":
        name = lambda at: rest[at : at + 256].split(b"\0")[0].decode()
        opened, surroundings = rest[1], rest[2]
        attempt = 1 + 27 + 545
        print(f"open {opened} surroundings {surroundings} tunnel-mps {name(28 + 9)} attempt-mps {name(attempt + 9)}")
        print(f"outcome {struct.unpack_from('<I', rest, attempt + 1660)[0]}")


def server(path, status):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    print("ready", flush=True)
    while True:
        stream, _ = listener.accept()
        try:
            while True:
                version, word, body = message(stream)
                assert version == (1, 1, 0), version
                low = word & 0xFFFF
                rest = b""
                if status == 0 and low == 0x46:
                    rest = struct.pack("<IIIH", 2, 1, 1, 11) + b"mps.foreign"
                if status == 0 and low == 0x4D:
                    rest = struct.pack("<I", 1)
                if status == 0 and low == 0x8E:
                    assert body == b"\x01"
                    rest = log()
                answer = struct.pack("<I", status) + rest
                stream.sendall(struct.pack("<BBHII", 1, 1, 0, word | ANSWER, len(answer)) + answer)
        except EOFError:
            stream.close()


def log():
    data = bytearray(2781)
    put = lambda at, form, *values: struct.pack_into("<" + form, data, at, *values)
    put(0, "BBB", 1, 0, 2)
    put(14, "BI", 1, 1700000000)
    attempt = 1 + 27 + 545
    put(attempt, "BIB", 1, 1700000000, 0)
    put(attempt + 9, "256s", b"mps.foreign")
    put(attempt + 265, "B", 2)
    put(attempt + 266, "BB", 1, 1)
    put(attempt + 266 + 6, "BBBB", 192, 0, 2, 7)
    put(attempt + 1660, "I", 4)
    put(attempt + 1660 + 265, "i", 48)
    return bytes(data)


if sys.argv[1] == "client":
    client(sys.argv[2], sys.argv[3])
else:
    server(sys.argv[2], int(sys.argv[3], 0))
