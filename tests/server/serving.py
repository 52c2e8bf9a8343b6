"""A server for the tests: started on a free port, asked, watched and ended."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "../.."))
MICRO = os.path.join(ROOT, "build/models/micro.gguf")
DEFAULT = os.path.join(ROOT, "build/models/smollm2-q4_0.gguf")
F32 = os.path.join(ROOT, "build/models/smollm2-f32.gguf")
PROGRAM = os.path.join(ROOT, "build/release/decant")


class Server:
    def __init__(self, *args, model=MICRO, env=None):
        place = [] if "--unix-socket" in args else ["--port", "0"]
        command = [PROGRAM, "serve", "-m", model, "-t", "1", *place, *args]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})})
        line = ""
        while "listens on" not in line:
            line = self.process.stderr.readline()
            if not line:
                raise RuntimeError(f"the server ended with {self.process.wait()}")
        found = re.search(r"https?://[^:]+:(\d+)", line)
        self.port = int(found.group(1)) if found else 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self, signal_number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        code = self.process.wait(timeout=60)
        self.process.stderr.close()
        return code

    def connect(self, timeout=300):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, path, body=None, method=None, headers=None):
        """Status, headers and the body's bytes."""
        connection = self.connect()
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        sent = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method or ("GET" if body is None else "POST"), path, data, {**sent, **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def json(self, path, body=None, **options):
        status, _, content = self.ask(path, body, **options)
        return status, json.loads(content)

    def text(self, prompt, **options):
        """The first choice of a completion."""
        status, answer = self.json("/v1/completions", {"prompt": prompt, "max_tokens": 16, **options})
        assert status == 200, answer
        return answer["choices"][0]

    def events(self, path, body):
        """The events of a stream, as JSON; the last must be [DONE]."""
        status, headers, content = self.ask(path, {**body, "stream": True})
        assert status == 200 and headers["Content-Type"] == "text/event-stream", content
        events = [line for line in content.decode().split("\n\n") if line]
        assert all(each.startswith("data: ") for each in events), events
        assert events[-1] == "data: [DONE]", events[-1]
        return [json.loads(each[6:]) for each in events[:-1]]

    def metric(self, name):
        _, _, page = self.ask("/metrics")
        return sum(float(line.split()[-1]) for line in page.decode().splitlines() if re.match(name + r"[ {]", line))

    def wait_until_idle(self, seconds=10):
        until = time.monotonic() + seconds
        while self.metric("decant_requests_running") + self.metric("decant_requests_waiting") > 0:
            assert time.monotonic() < until, "something still runs"
            time.sleep(0.02)

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) // 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def cli(*args, model=MICRO):
    """What decant run says to the same, as JSON."""
    result = subprocess.run([PROGRAM, "run", "-m", model, "-t", "1", "--json", "--no-chat-template", *args],
                            capture_output=True, check=True)
    return json.loads(result.stdout)


def main():
    global PROGRAM
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        PROGRAM = sys.argv.pop(1)
        sys.modules["serving"].PROGRAM = PROGRAM
    unittest.main(module="__main__")


class WithServer(unittest.TestCase):
    """Cases that ask one server."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0
