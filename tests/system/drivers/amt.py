"""The WS-Man service behind the device of device.py: HTTP, digest and TLS in the tunnel, written from the standards alone.

Argument as for device.py; amt_user and amt_password are its account, manner is a JSON file that is read before each
channel and each answer, so that a test can change it at any time. All of its keys are optional:

only      what follows is for requests that contain this text, all others are answered well
answer    silent, close, close-kept (only when the channel has carried an answer before), cut, cut-chunked, chunked,
          long, garbage, leave (the tunnel ends)
value     the ReturnValue of a method
absent    classes that it has not
nonce     once: each nonce is good for one request; stale: the next request finds its nonce stale;
          same: the nonce is never another one, only its count must grow
qop       the list that is offered; null: none
refuse    the reason with which a channel is refused
identity  PEM file with the certificate and key for 16993

On 16994 it is a PC that lets drives be mounted, asks for all of the image in one command after the other, and takes no
byte of it: it grants nothing more. With deaf it grants 64 MiB instead and reads nothing from its socket any more, so
that TCP's window closes. With guids (a list) it is so many PCs, each in a thread; with alive (seconds) it
sends keep-alives so often.

Prints "opened PORT", "refused REASON", "line REQUEST-LINE" for each head of HTTP, "challenged" for each 401, and "request METHOD BODY" for each one that it believes, in order.
"""

import hashlib
import json
import os
import re
import secrets
import socket
import ssl
import struct
import sys
import threading
import time
import xml.etree.ElementTree as tree

import device

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
MANAGEMENT = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
REALM = "Digest:F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0"
CLEAR, TLS, REDIRECTION = 16992, 16993, 16994
BLOCKS = 512  # of 2,048 bytes: what the image must have at least

PROPERTIES = {
    "CIM_ServiceAvailableToElement": {"PowerState": "2"},
    "CIM_AssociatedPowerManagementService": {"PowerState": "2"},
    "IPS_PowerManagementService": {"OSPowerSavingState": "2"},
    "AMT_GeneralSettings": {"DigestRealm": REALM, "HostName": "foreign", "InstanceID": "Intel(r) AMT: General Settings"},
    "AMT_BootSettingData": {"BIOSSetup": "false", "InstanceID": "Intel(r) AMT:BootSettingData 0", "UseSOL": "false"},
}


def md5(*parts):
    return hashlib.md5(b":".join(part if isinstance(part, bytes) else part.encode() for part in parts)).hexdigest()


def parameters(value):
    found = re.findall(r'(\w+)=(?:"([^"]*)"|([^ ,"]+))', value)
    return {name: quoted or bare for name, quoted, bare in found}


class Stream:
    """What comes and goes in one channel: bytes, or TLS around them."""

    def __init__(self, identity):
        self.secure = None
        self.input = bytearray()
        self.spoke = self.counted = False
        if identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(identity)
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.secure = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def take(self, data):
        if not self.secure:
            self.input += data
            return b""
        self.incoming.write(data)
        try:
            while True:
                self.input += self.secure.read(65536)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            device.say(f"tls {error}")
        return self.outgoing.read()

    def give(self, data):
        if not self.secure:
            return data
        self.secure.write(data)
        return self.outgoing.read()


class Amt(device.Device):
    def __init__(self, task):
        super().__init__(task)
        self.streams = {}  # by our number of the channel
        self.nonces = {}  # with the last count
        self.last = None  # the nonce that is good now
        self.drives = {}  # consoles on 16994, with what has come of their next message
        self.patience = task.get("alive")
        self.spoke = time.monotonic()
        self.deaf = False  # it reads no more
        if task.get("deaf"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)

    def pump(self, wait):
        if not self.deaf:
            super().pump(wait)
        elif self.out:
            self.socket.send(bytes(self.out))
            self.out.clear()
        else:
            time.sleep(self.patience)
        waits = self.answers and not self.deaf
        if self.patience and not waits and time.monotonic() - self.spoke >= self.patience:
            self.spoke = time.monotonic()
            self.send(struct.pack(">BI", 208, 7))
            self.answers.append(struct.pack(">BI", 209, 7))

    def manner(self):
        with open(self.task["manner"]) as file:
            return json.load(file)

    # Channels

    def open(self):
        before = set(self.channels)
        refuse = self.manner().get("refuse")
        if refuse is not None:
            self.refuse(refuse)
            return
        super().open()
        for number in set(self.channels) - before:
            port = self.channels[number].port
            if port == REDIRECTION:
                self.drives[number] = {"input": bytearray(), "rounds": 0}
            if port in (CLEAR, TLS):
                self.streams[number] = Stream(self.manner().get("identity") if port == TLS else None)
            device.say(f"opened {port}")

    def refuse(self, reason):
        self.text()
        theirs = self.number()
        self.take(8)
        self.text()
        self.number()
        self.text()
        self.number()
        device.say(f"refused {reason}")
        self.send(struct.pack(">BIIII", 92, theirs, reason, 0, 0))

    def answer(self, channel):
        """Called with what has come, and whenever there is room."""
        number = next((n for n, c in self.channels.items() if c is channel), None)
        stream = self.streams.get(number)
        if number in self.drives:
            self.redirect(channel, self.drives[number])
            return
        if stream is None:
            super().answer(channel)
            return
        data, channel.pending = bytes(channel.pending), bytearray()
        outgoing = self.outgoing(channel)
        if data:
            outgoing += stream.take(data)
            self.requests(channel, stream, outgoing)
        self.drain(channel, outgoing)

    def outgoing(self, channel):
        if not hasattr(channel, "outgoing"):
            channel.outgoing, channel.ends = bytearray(), False
        return channel.outgoing

    def drain(self, channel, outgoing):
        while outgoing and channel.credit:
            piece = bytes(outgoing[: min(channel.credit, 1500)])
            del outgoing[: len(piece)]
            channel.credit -= len(piece)
            self.send(struct.pack(">BI", 94, channel.theirs) + device.string(piece))
        if channel.ends and not outgoing:
            channel.ends = None
            self.send(struct.pack(">BI", 97, channel.theirs))

    def close(self):
        ours = struct.unpack(">I", bytes(self.peek(4)))[0]
        self.streams.pop(ours, None)
        self.drives.pop(ours, None)
        channel = self.channels.get(ours)
        if channel is not None and getattr(channel, "ends", False) is None:
            # We closed it first: this is the answer.
            self.number()
            del self.channels[ours]
            self.closing.add(ours)
            return
        super().close()

    def peek(self, count):
        data = self.take(count)
        self.input[:0] = data
        return data

    # Storage redirection

    def redirect(self, channel, drive):
        outgoing, came = self.outgoing(channel), drive["input"]
        came += channel.pending
        channel.pending = bytearray()
        while came:
            lengths = {0x10: 8, 0x40: 18, 0x48: 13, 0x13: 9 + int.from_bytes(came[5:9], "little")}
            length = lengths.get(came[0], 8)
            if len(came) < length:
                break
            kind = came[0]
            method = came[4] if kind == 0x13 else 0
            del came[:length]
            if kind == 0x10:
                outgoing += bytes([0x11, 0, 0, 0, 1, 0, 0, 0, 0x57, 1, 0, 0, 0])
            elif kind == 0x13:
                outgoing += self.login(method, drive)
            elif kind == 0x40:
                outgoing += struct.pack("<BBBBI", 0x41, 0, 0, 0, 0) + bytes([1, 0, 1, 0, 0, 0, 0, 0])
                outgoing += struct.pack("<HH", 8192, 8192) + bytes([0, 0, 0, 0, 0, 0x57, 1, 0, 0, 0])
            elif kind == 0x48:
                outgoing += struct.pack("<BBBBI", 0x49, 0, 0, 0, 1) + struct.pack("<BI", 3, 1)
                # It takes what it has granted already, and never grants again; or grants all and takes nothing.
                channel.takes = False
                if self.task.get("deaf"):
                    self.send(struct.pack(">BII", 93, channel.theirs, 64 << 20))
                    self.deaf = True
                for number in range(50):
                    block = bytes([0x28, 0, 0, 0, 0, 0, 0]) + struct.pack(">H", BLOCKS) + bytes(3)
                    outgoing += struct.pack("<BBBBI", 0x50, 0, 0, 0, 2 + number) + bytes([0, 1, 0, 0, 0, 0, 0xB0, 0xA0]) + block
                device.say("greedy")
        self.drain(channel, outgoing)

    def login(self, method, drive):
        """Digest; nobody checks the answer."""
        if method == 0:
            status, data = 0, bytes([3])
        elif drive["rounds"] == 0:
            drive["rounds"], status = 1, 1
            data = b"".join(bytes([len(text)]) + text for text in (REALM.encode(), b"nonce"))
        else:
            status, data = 0, b""
        return bytes([0x14, status, 0, 0, method]) + struct.pack("<I", len(data)) + data

    # HTTP

    def requests(self, channel, stream, outgoing):
        while True:
            head, end, rest = bytes(stream.input).partition(b"\r\n\r\n")
            if not end:
                return
            lines = head.decode("latin-1").split("\r\n")
            fields = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                fields.setdefault(name.strip().lower(), value.strip())
            if not stream.counted:
                stream.counted = True
                device.say(f"line {lines[0]}")
            length = int(fields.get("content-length", "0"))
            if len(rest) < length:
                return
            body = rest[:length]
            del stream.input[: len(head) + 4 + length]
            stream.counted = False
            self.request(channel, stream, outgoing, lines[0], fields, body)

    def request(self, channel, stream, outgoing, line, fields, body):
        manner = self.manner()
        if manner.get("only", "") not in body.decode("utf-8", "replace"):
            manner = {key: manner[key] for key in ("qop", "nonce") if key in manner}
        method = line.split(" ")[0]
        stale = self.believes(method, fields.get("authorization", ""), body, manner)
        if stale is not None:
            device.say("challenged")
            outgoing += stream.give(self.challenge(stale, manner))
            channel.ends = True
            return
        device.say(f"request {method} " + body.decode("utf-8", "replace").replace("\n", " "))
        self.respond(channel, stream, outgoing, body, manner)

    # Digest

    def challenge(self, stale, manner):
        if manner.get("nonce") != "same" or self.last is None:
            self.last = secrets.token_hex(16)
            self.nonces[self.last] = 0
        qop = manner.get("qop", "auth")
        offer = f',qop="{qop}"' if qop is not None else ""
        words = f'Digest realm="{REALM}",nonce="{self.last}",stale="{"true" if stale else "false"}"{offer}'
        body = b"<html><body>401</body></html>"
        head = f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {words}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return head.encode() + body

    def believes(self, method, authorization, body, manner):
        """None when it does; otherwise whether the nonce was the only fault."""
        if not authorization.startswith("Digest "):
            return False
        got = parameters(authorization)
        if len(got.get("response", "")) != 32:
            raise device.Violation(f"a response of {len(got.get('response', ''))} digits")
        ha1 = md5(got["username"], REALM, self.task["amt_password"])
        qop = got.get("qop")
        offered = manner.get("qop", "auth")
        if (qop is None) != (offered is None) or (qop and qop not in [q.strip() for q in offered.split(",")]):
            raise device.Violation(f"qop {qop}, and {offered} was offered")
        ha2 = md5(method, got["uri"], md5(body)) if qop == "auth-int" else md5(method, got["uri"])
        middle = [got["nonce"]] + ([got["nc"], got["cnonce"], qop] if qop else [])
        if got["username"] != self.task["amt_user"] or got["response"] != md5(ha1, *middle, ha2):
            return False
        count = int(got.get("nc", "1"), 16)
        last = self.nonces.get(got["nonce"])
        if last is None or (qop and count <= last):
            return True
        if manner.get("nonce") == "stale" and last > 0:
            del self.nonces[got["nonce"]]
            return True
        self.nonces[got["nonce"]] = count
        if manner.get("nonce") == "once":
            del self.nonces[got["nonce"]]
        return None

    # WS-Man

    def respond(self, channel, stream, outgoing, body, manner):
        how = manner.get("answer", "well")
        if how == "silent":
            return
        if how == "close" or (how == "close-kept" and stream.spoke):
            channel.ends = True
            return
        if how == "leave":
            self.send(struct.pack(">BIH", 1, 11, 0))
            while self.out:
                self.pump(wait=True)
            raise EOFError("left")
        text = "<html>" * 200 if how == "garbage" else self.envelope(body.decode(), manner)
        if how == "long":
            text = text.replace("</s:Body>", "<x>" + "y" * (40 << 20) + "</x></s:Body>")
        status = "400 Bad Request" if "<s:Fault>" in text else "200 OK"
        text = text.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/soap+xml; charset=UTF-8\r\nServer: Foreign 16.1\r\n"
        if how in ("chunked", "cut-chunked"):
            pieces = [text[at : at + 100] for at in range(0, len(text), 100)]
            data = b"".join(b"%04X\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
            data = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + data
        else:
            data = f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text
        if how.startswith("cut"):
            data = data[: len(data) - 150]
            channel.ends = True
        outgoing += stream.give(data)
        stream.spoke = True

    def envelope(self, body, manner):
        root = tree.fromstring(body)
        header = root.find(f"{{{SOAP}}}Header")
        content = root.find(f"{{{SOAP}}}Body")
        action = header.findtext(f"{{{ADDRESSING}}}Action", "")
        resource = header.findtext(f"{{{MANAGEMENT}}}ResourceURI", "")
        message = header.findtext(f"{{{ADDRESSING}}}MessageID", "")
        name, verb = resource.rsplit("/", 1)[-1], action.rsplit("/", 1)[-1]
        entries = "".join(f"<g:{key}>{value}</g:{key}>" for key, value in PROPERTIES.get(name, {}).items())
        item = f'<g:{name} xmlns:g="{resource}">{entries}</g:{name}>'
        if name in manner.get("absent", []):
            action = f"{ADDRESSING}/fault"
            inner = "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>a:DestinationUnreachable</s:Value></s:Subcode></s:Code>"
            inner += '<s:Reason><s:Text xml:lang="en-US">No route can be determined.</s:Text></s:Reason></s:Fault>'
        elif verb == "Enumerate":
            inner = f'<e:EnumerateResponse xmlns:e="{ENUMERATION}"><e:EnumerationContext>7</e:EnumerationContext></e:EnumerateResponse>'
        elif verb == "Pull":
            inner = f'<e:PullResponse xmlns:e="{ENUMERATION}"><e:Items>{item}</e:Items><e:EndOfSequence/></e:PullResponse>'
        elif verb == "Get":
            inner = item
        elif verb == "Put":
            inner = tree.tostring(content[0], encoding="unicode")
        else:
            value = manner.get("value", 0)
            inner = f'<g:{verb}_OUTPUT xmlns:g="{resource}"><g:ReturnValue>{value}</g:ReturnValue></g:{verb}_OUTPUT>'
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{MANAGEMENT}">'
            f"<s:Header><a:Action>{action}Response</a:Action><a:RelatesTo>{message}</a:RelatesTo>"
            f"<w:ResourceURI>{resource}</w:ResourceURI></s:Header><s:Body>{inner}</s:Body></s:Envelope>"
        )


def many(task):
    """Each PC in a thread."""
    for guid in task["guids"]:
        one = lambda guid=guid: Amt({**task, "guid": guid}).run()
        threading.Thread(target=one).start()


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    device.notes = os.open(task["notes"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    if "guids" in task:
        many(task)
    else:
        device.main(Amt)
