"""A server on loopback that answers as Hugging Face's hub does, and fails in the ways that networks do."""

import hashlib
import http.server
import json
import re
import threading

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Repositories by name, each a dictionary of files. What is wrong with the next answers stands in `faults`, the first one
    first; each is used up by one request for a file:

    ("cut", N)        the connection ends after N bytes of the body
    ("status", CODE)  that, and ("status", CODE, {"Retry-After": "1"})
    ("longer",)       Content-Length says more than there is, then the connection ends
    ("short", N)      Content-Length says N, and N bytes come
    ("endless",)      more bytes than the file has, without a length
    ("no_range",)     the whole file, whatever was asked for
    ("slow", N)       pieces of N bytes with pauses
    """

    def __init__(self, repositories):
        self.repositories = repositories
        self.faults, self.list_faults, self.requests = [], [], []
        self.token = None             # that is asked for
        self.wrong_hash = False       # in the list
        self.elsewhere = None         # the Hub that has the bytes
        self.bytes_sent = 0
        self.lock = threading.Lock()
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                with hub.lock:
                    hub.requests.append((self.path, dict(self.headers)))
                try:
                    hub.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def say(self, to, status, body=b"", headers=()):
        to.send_response(status)
        for name, value in dict(headers).items():
            to.send_header(name, value)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body)

    def fault(self, faults):
        with self.lock:
            return faults.pop(0) if faults else (None,)

    def answer(self, to):
        if self.token and to.headers.get("Authorization") != f"Bearer {self.token}":
            return self.say(to, 401, b'{"error":"Invalid credentials"}')
        if found := re.fullmatch(r"/api/models/([^?]+)/revision/main\?blobs=true", to.path):
            return self.list(to, found[1])
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/(\w+)/(.+)", to.path):
            content = self.repositories.get(found[1], {}).get(found[3])
            if content is None or found[2] != COMMIT:
                return self.say(to, 404, b"Entry not found")
            if self.elsewhere:
                return self.say(to, 302, headers={"Location": self.elsewhere.url + to.path})
            return self.send(to, content)
        return self.say(to, 404, b"Not found")

    def list(self, to, name):
        kind, *more = self.fault(self.list_faults)
        if kind == "status":
            return self.say(to, more[0], b"no", more[1] if len(more) > 1 else {})
        if kind == "garbage":
            return self.say(to, 200, more[0])
        if name not in self.repositories:
            return self.say(to, 404, b'{"error":"Repository not found"}')
        files = [{"rfilename": "README.md", "size": 3, "blobId": "1" * 40}]
        for file, content in self.repositories[name].items():
            sha256 = "0" * 64 if self.wrong_hash else hashlib.sha256(content).hexdigest()
            files.append({"rfilename": file, "size": len(content), "blobId": "2" * 40,
                          "lfs": {"sha256": sha256, "size": len(content), "pointerSize": 133}})
        return self.say(to, 200, json.dumps({"id": name, "sha": COMMIT, "siblings": files}).encode())

    def send(self, to, content):
        kind, *more = self.fault(self.faults)
        if kind == "status":
            return self.say(to, more[0], b"a page", more[1] if len(more) > 1 else {})
        begin, wanted = 0, re.fullmatch(r"bytes=(\d+)-", to.headers.get("Range", ""))
        if wanted and kind != "no_range":
            begin = int(wanted[1])
            if begin >= len(content):
                return self.say(to, 416)
        body = content[begin:]
        to.send_response(206 if begin else 200)
        if begin:
            to.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        if kind == "endless":
            to.send_header("Connection", "close")
            body += bytes(1000)
        else:
            to.send_header("Content-Length", str(len(body) + 100 if kind == "longer" else min(len(body), more[0]) if kind == "short"
                                                 else len(body)))
        to.end_headers()
        if kind in ("cut", "short"):
            body = body[:more[0]]
        step = more[0] if kind == "slow" else 1 << 16
        for at in range(0, len(body), step):
            to.wfile.write(body[at:at + step])
            to.wfile.flush()
            self.bytes_sent += len(body[at:at + step])
            if kind == "slow":
                threading.Event().wait(0.005)
        if kind in ("cut", "longer", "endless", "short"):
            to.close_connection = True
