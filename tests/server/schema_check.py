"""Schemathesis on /openapi.json: schema_check.py PROGRAM [EXAMPLES]   (with a Python that has schemathesis 4)

EXAMPLES (2,000) requests with a body that the description allows or forbids, on the microscopic model: no status that is not documented, nothing
of 500 and above but 503, answers of the type and the schema that are described. What takes no body is asked beside that. A campaign.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import serving
from serving import Server

# An option that does nothing without another one is refused, so of many at once no request is made: two of them stay, beside what is needed.
HOOKS = """
import random
import schemathesis

NEEDED = {"prompt", "messages", "tokens", "content", "model", "stream", "input"}

@schemathesis.hook
def map_body(context, body):
    if not isinstance(body, dict):
        return body
    others = [name for name in body if name not in NEEDED]
    kept = set(random.Random(repr(body)).sample(others, min(2, len(others))))
    return {name: value for name, value in body.items() if name in NEEDED or name in kept}
"""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main():
    examples = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{server.port}/openapi.json"
        operations = sum("post" in methods for methods in server.json("/openapi.json")[1]["paths"].values())
        command = [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", url, "--checks", CHECKS, "--phases", "fuzzing",
                   "--mode", "all", "--max-examples", str(-(-examples // operations)), "--seed", "1", "--request-timeout", "60",
                   "--max-failures", "20", "--suppress-health-check", "all", "--report", "ndjson", "--report-ndjson-path", os.path.join(folder, "report")]
        with open(os.path.join(folder, "hooks.py"), "w") as hooks:
            hooks.write(HOOKS)
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
                                env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": folder})
        print(result.stdout[-6000:])
        statuses = {}
        with open(os.path.join(folder, "report")) as report:
            for found in re.findall(r'"status_code":\s*(\d+)', report.read()):
                statuses[found] = statuses.get(found, 0) + 1
        print("requests by status:", json.dumps(statuses))
        assert sum(statuses.values()) >= examples, statuses
        assert all(int(each) < 500 or int(each) == 503 for each in statuses), statuses
        server.wait_until_idle(60)
        sys.exit(result.returncode)


if __name__ == "__main__":
    serving.PROGRAM = sys.argv[1] if len(sys.argv) > 1 else serving.PROGRAM
    main()
