"""A stand-in for Vault's key-value store of version 2, as its published API describes it.

Prints its address. What it keeps comes in as lines of standard input would, by the same API: POST /v1/secret/data/PATH.
GET /asked gives the paths that were asked for, POST /mode sets one of "fine", "sealed", "slow".
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = sys.argv[1]
kept, asked, mode, lock = {}, [], ["fine"], threading.Lock()


class Vault(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=None):
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")

    def path_of(self, kind):
        """The secret that is meant; None when it was answered already."""
        if mode[0] == "sealed":
            return self.answer(503, {"errors": ["Vault is sealed"]})
        if self.headers.get("X-Vault-Token") != TOKEN:
            return self.answer(403, {"errors": ["permission denied"]})
        prefix = f"/v1/secret/{kind}/"
        if not self.path.startswith(prefix):
            return self.answer(404, {"errors": ["no handler for route"]})
        return self.path[len(prefix):]

    def do_GET(self):
        if self.path == "/asked":
            return self.answer(200, asked)
        if self.path.startswith("/v1/sys/health"):
            sealed = mode[0] == "sealed"
            return self.answer(503 if sealed else 200, {"initialized": True, "sealed": sealed})
        with lock:
            asked.append(self.path)
        if mode[0] == "slow":
            time.sleep(1)
        path = self.path_of("data")
        if path is None:
            return
        if path not in kept:
            return self.answer(404, {"errors": []})
        version, data = kept[path]
        metadata = {"version": version, "destroyed": False, "deletion_time": "", "created_time": "2026-01-01T00:00:00Z"}
        envelope = {"request_id": "0", "lease_id": "", "renewable": False, "lease_duration": 0}
        self.answer(200, {**envelope, "data": {"data": data, "metadata": metadata}})

    def do_POST(self):
        body = self.body()
        if self.path == "/mode":
            mode[0] = body
            return self.answer(204)
        path = self.path_of("data")
        if path is not None:
            version = kept.get(path, (0, None))[0] + 1
            kept[path] = (version, body["data"])
            self.answer(200, {"data": {"version": version}})

    def do_DELETE(self):
        path = self.path_of("metadata")
        if path is not None:
            kept.pop(path, None)
            self.answer(204)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Vault)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
