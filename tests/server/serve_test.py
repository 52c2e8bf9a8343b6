"""`decant serve` as its clients meet it: serve_test.py PROGRAM

Most of it on the microscopic random model, whose texts are noise: bytes that are no text, control characters.
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import random
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import serving
from serving import DEFAULT, MICRO, Server, cli

PROMPT = "The lighthouse keeper"
DISCONNECTS = int(os.environ.get("DECANT_DISCONNECTS", "100"))


class Case(serving.WithServer):
    def refused(self, body, status=400, param=None, says="", path="/v1/completions"):
        got, answer = self.server.json(path, body)
        self.assertEqual(got, status, answer)
        self.assertEqual(set(answer["error"]), {"message", "type", "param", "code"})
        self.assertEqual(answer["error"]["param"], param, answer)
        self.assertIn(says, answer["error"]["message"])

    def assert_about(self, got, expected):
        """Equal, but for the last digits of numbers: what is computed beside is another."""
        if isinstance(expected, float):
            self.assertAlmostEqual(got, expected, places=4)
        elif isinstance(expected, (list, dict)):
            self.assertEqual(len(got), len(expected))
            pairs = zip(got, expected) if isinstance(expected, list) else ((got[key], expected[key]) for key in expected)
            for a, b in pairs:
                self.assert_about(a, b)
        else:
            self.assertEqual(got, expected)


class Texts(Case):
    def test_the_same_options_give_the_same_text_as_on_the_command_line(self):
        for options, flags in [
            ({}, []),
            ({"temperature": 0.8, "top_p": 0.9, "seed": 7}, ["--temperature", "0.8", "--top-p", "0.9", "--seed", "7"]),
            ({"num_beams": 3, "length_penalty": 0.5}, ["--num-beams", "3", "--length-penalty", "0.5"]),
            ({"penalty_alpha": 0.6, "top_k": 4}, ["--penalty-alpha", "0.6", "--top-k", "4"]),
            ({"dola_layers": "low"}, ["--dola-layers", "low"]),
            ({"dola_layers": [0, 1]}, ["--dola-layers", "0,1"]),
            ({"amateur": "self:1"}, ["--amateur", "self:1"]),
            ({"speculate": "auto"}, []),
            ({"repetition_penalty": 1.3}, ["--repetition-penalty", "1.3"]),
        ]:
            with self.subTest(options):
                choice = self.server.text(PROMPT, logprobs=0, **options)
                expected = cli("-n", "16", *flags, PROMPT)["sequences"][0]
                self.assertEqual(choice["logprobs"]["token_ids"], expected["ids"])
                self.assertEqual(choice["text"], expected["text"])

    def test_a_stream_says_what_the_whole_says(self):
        for path, input in [("/v1/completions", {"prompt": PROMPT}),
                            ("/v1/completions", {"prompt": [PROMPT, "Another"], "n": 2, "temperature": 1.5}),
                            ("/v1/completions", {"prompt": PROMPT, "echo": True, "logprobs": 3}),
                            ("/v1/completions", {"prompt": PROMPT, "num_beams": 3, "n": 2})]:
            body = {"max_tokens": 24, "logprobs": 2, "seed": 3, **input}
            with self.subTest(body):
                _, whole = self.server.json(path, body)
                events = self.server.events(path, {**body, "stream_options": {"include_usage": True}})
                self.assertEqual(events[-1]["choices"], [])
                self.assertEqual(events[-1]["usage"], whole["usage"])
                for choice in whole["choices"]:
                    own = [event["choices"][0] for event in events[:-1] if event["choices"][0]["index"] == choice["index"]]
                    self.assertEqual("".join(each["text"] for each in own), choice["text"])
                    for key in choice["logprobs"]:
                        told = [value for each in own if each["logprobs"] for value in each["logprobs"][key]]
                        self.assert_about(told, choice["logprobs"][key])
                    reasons = [each["finish_reason"] for each in own]
                    self.assertEqual(reasons, [None] * (len(own) - 1) + [choice["finish_reason"]])

    def test_prompts_are_texts_or_ids_or_lists_of_either(self):
        _, tokens = self.server.json("/tokenize", {"prompt": PROMPT})
        ids = tokens["tokens"]
        expected = self.server.text(PROMPT)["text"]
        for prompt in ids, [ids], [PROMPT]:
            self.assertEqual(self.server.text(prompt)["text"], expected)
        _, answer = self.server.json("/v1/completions", {"prompt": [ids, ids, "Another"], "max_tokens": 4, "n": 2, "temperature": 1,
                                                        "ignore_eos": True})
        self.assertEqual([each["index"] for each in answer["choices"]], list(range(6)))
        self.assertEqual(answer["usage"]["completion_tokens"], 24)

    def test_a_stop_string_is_not_shown_and_its_tokens_are_told_one_by_one(self):
        text = self.server.text(PROMPT, max_tokens=40, logprobs=0)
        whole = text["text"]
        stop = whole[12:16]
        for body in {}, {"stream": True}:
            choice = self.server.text(PROMPT, max_tokens=40, stop=[stop], logprobs=0)
            self.assertEqual(choice["text"], whole[:whole.find(stop)])
            self.assertEqual(choice["finish_reason"], "stop")
            self.assertEqual(choice["logprobs"]["token_ids"], text["logprobs"]["token_ids"][:len(choice["logprobs"]["token_ids"])])
        kept = self.server.text(PROMPT, max_tokens=40, stop=stop, include_stop_str_in_output=True)
        self.assertTrue(kept["text"].endswith(stop))

    def test_log_probabilities_are_the_models_own_and_the_processed_ones_stand_beside_them(self):
        raw = self.server.text(PROMPT, logprobs=5)["logprobs"]
        hot = self.server.text(PROMPT, logprobs=5, temperature=0.5, top_k=0, seed=1, max_tokens=1)["logprobs"]
        for own, top in zip(raw["token_logprobs"], raw["top_logprobs"]):
            self.assertLessEqual(own, 0)
            self.assertEqual(own, max(top.values()))  # greedy: by equality of the numbers
            self.assertLessEqual(len(top), 6)
        self.assertEqual(hot["top_logprobs"][0].keys() - {hot["tokens"][0]}, raw["top_logprobs"][0].keys() - {hot["tokens"][0]})
        self.assertNotEqual(hot["processed_logprobs"], hot["token_logprobs"])

    def test_a_prompt_is_scored_as_it_would_have_been_written(self):
        written = self.server.text(PROMPT, max_tokens=12, logprobs=1)
        _, tokens = self.server.json("/tokenize", {"prompt": PROMPT})
        ids = tokens["tokens"] + written["logprobs"]["token_ids"]
        scored = self.server.text(ids, max_tokens=1, logprobs=1, echo=True, temperature=0, seed=1234)["logprobs"]
        self.assertEqual(scored["token_ids"][:-1], ids)
        self.assertIsNone(scored["token_logprobs"][0])
        count = len(tokens["tokens"])
        for key in "token_logprobs", "top_logprobs":
            for got, expected in zip(scored[key][count:-1], written["logprobs"][key]):
                got, expected = ([each] if isinstance(each, float) else list(each.values()) for each in (got, expected))
                for a, b in zip(got, expected):
                    self.assertAlmostEqual(a, b, places=3)
        nothing_new = self.server.text(ids, max_tokens=0, logprobs=0, echo=True)
        self.assertEqual(len(nothing_new["logprobs"]["tokens"]), len(ids))

    def test_tokens_that_were_guessed_say_so(self):
        body = {"prompt": "a b c a b c a b c a b", "max_tokens": 60, "logprobs": 0, "prompt_lookup_num_tokens": 4}
        _, answer = self.server.json("/v1/completions", body)
        details = answer["usage"].get("completion_tokens_details", {"accepted_prediction_tokens": 0})
        drafted = answer["choices"][0]["logprobs"]["drafted"]
        self.assertEqual(sum(drafted), details["accepted_prediction_tokens"])
        self.assertEqual(sum(self.server.text(PROMPT, logprobs=0)["logprobs"]["drafted"]), 0)

    def test_json_follows_its_schema(self):
        schema = {"type": "object", "properties": {"zebra": {"type": "boolean"}, "ant": {"enum": [1, 2]}},
                  "required": ["zebra", "ant"], "additionalProperties": False}
        format = {"type": "json_schema", "json_schema": {"name": "animals", "schema": schema}}
        text = self.server.text(PROMPT, response_format=format, max_tokens=200)["text"]
        self.assertEqual(list(json.loads(text)), ["zebra", "ant"])

    def test_biases(self):
        first = self.server.text(PROMPT, max_tokens=1, logprobs=0)["logprobs"]["token_ids"][0]
        other = self.server.text(PROMPT, max_tokens=1, logprobs=0, logit_bias={str(first): -100})["logprobs"]["token_ids"][0]
        self.assertNotEqual(first, other)
        self.assertEqual(self.server.text(PROMPT, max_tokens=1, logprobs=0, logit_bias={"7": 100})["logprobs"]["token_ids"], [7])

    def test_requests_of_all_strategies_together_get_what_each_gets_alone(self):
        wishes = [{}, {"temperature": 1, "seed": 1}, {"num_beams": 3}, {"penalty_alpha": 0.6, "top_k": 4},
                  {"dola_layers": "low"}, {"amateur": "self:1"}, {"speculate": "auto", "temperature": 0.7, "seed": 2},
                  {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.5}]
        alone = [self.server.text(PROMPT, max_tokens=40, **each)["text"] for each in wishes]
        together = [None] * len(wishes)

        def ask(i):
            together[i] = self.server.text(PROMPT, max_tokens=40, **wishes[i])["text"]

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(wishes))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(together, alone)


ZOO = os.path.join(serving.ROOT, "tests/zoo")
EAGLE = ["--also", f"eagle={ZOO}/heads/eagle3_llama.gguf"]
# Who drafts with what the model itself computes: model, the server's flags, fields of the request, and how the command line says it.
DRAFTS = {
    "mtp": ("heads/glm4moe_head.gguf", [], {"drafter": ["mtp"]}, ["--drafter", "mtp"]),
    "mtp that is right": ("heads/glm4moe_copy.gguf", [], {"mtp": True}, ["--mtp", "true"]),
    "self:mtp": ("heads/glm4moe_copy.gguf", [], {"assistant_model": "self:mtp"}, ["--assistant-model", "self:mtp"]),
    "eagle": ("llama.gguf", EAGLE, {"assistant_model": "eagle"}, ["--assistant-model", f"{ZOO}/heads/eagle3_llama.gguf"]),
    "divided": ("llama.gguf", [], {"assistant_model": "self:1"}, ["--assistant-model", "self:1"]),
    "early exit": ("llama.gguf", [], {"assistant_early_exit": 1}, ["--assistant-early-exit", "1"]),
    "quantised": ("llama.gguf", [], {"assistant_model": "self:q8_0"}, ["--assistant-model", "self:q8_0"]),
}


class Drafts(unittest.TestCase):
    """What drafts changes no text, of its own request or of another's."""

    def test_each_drafts_as_on_the_command_line(self):
        common = {"max_tokens": 24, "ignore_eos": True, "num_assistant_tokens_schedule": "constant"}
        for name, (path, flags, fields, cli_flags) in DRAFTS.items():
            with self.subTest(name), Server(*flags, model=f"{ZOO}/{path}") as server:
                for drawn, drawn_flags in ({}, []), ({"temperature": 1.0, "seed": 3}, ["--temperature", "1", "--seed", "3"]):
                    status, answer = server.json("/v1/completions", {"prompt": "The sky is", "logprobs": 0, **common, **drawn, **fields})
                    self.assertEqual(status, 200, answer)
                    report = cli("-n", "24", "--ignore-eos", "--num-assistant-tokens-schedule", "constant", *cli_flags, *drawn_flags,
                                 "The sky is", model=f"{ZOO}/{path}")
                    told = answer["choices"][0]["logprobs"]
                    self.assertEqual(told["token_ids"], report["sequences"][0]["ids"])
                    plain = server.text("The sky is", logprobs=0, max_tokens=24, ignore_eos=True, **drawn)["logprobs"]
                    self.assertEqual(told["token_ids"], plain["token_ids"])
                    details = answer["usage"]["completion_tokens_details"]
                    kept, rejected = details["accepted_prediction_tokens"], details["rejected_prediction_tokens"]
                    self.assertEqual(sum(told["drafted"]), kept)
                    self.assertGreater(kept + rejected, 0)
                    if not drawn:  # the second one's prompt has been read
                        drafters = report["stats"]["speculation"]["drafters"]
                        self.assertEqual((kept, kept + rejected), tuple(sum(each[key] for each in drafters) for key in ("kept", "drafted")))
                    if name in ("mtp that is right", "self:mtp", "quantised"):
                        self.assertGreater(kept, 0)

    def test_together_each_gets_what_it_gets_alone(self):
        with Server(*EAGLE, model=f"{ZOO}/llama.gguf") as server:
            wishes = [{}, {"assistant_model": "eagle"}, {"assistant_model": "self:1"}, {"temperature": 1, "seed": 5}, {"num_beams": 3},
                      {"assistant_model": "self:q8_0", "temperature": 1, "seed": 5}, {"amateur": "self:1"},
                      {"assistant_model": "eagle", "temperature": 1, "seed": 5}]
            alone = [server.text("The sky is", max_tokens=40, ignore_eos=True, **each)["text"] for each in wishes]
            self.assertEqual(alone[0], alone[1])
            self.assertEqual(alone[3], alone[7])
            together = [None] * 3 * len(wishes)

            def ask(i):
                together[i] = server.text("The sky is", max_tokens=40, ignore_eos=True, **wishes[i % len(wishes)])["text"]

            threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(together))]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            self.assertEqual(together, 3 * alone)
            self.assertEqual(server.json("/v1/completions", {"prompt": "a", "model": "eagle"})[0], 400)

    def test_a_branch_goes_on_with_another_draft(self):
        with Server(model=f"{ZOO}/llama.gguf") as server:
            def decode(**fields):
                _, _, content = server.ask("/v1/decode", {"max_new_tokens": 8, "ignore_eos": True, **fields})
                return json.loads(content.decode().rsplit("event: end\ndata: ", 1)[1])

            first = decode(prompt="The sky is")
            whole, part = first["sequences"][0]["text"], {"id": first["id"], "length": 3}
            self.assertEqual(decode(**{"from": part, "assistant_model": "self:1", "max_new_tokens": 5})["sequences"][0]["text"],
                             decode(**{"from": part, "max_new_tokens": 5})["sequences"][0]["text"])
            self.assertTrue(whole.endswith(decode(**{"from": part, "assistant_model": "self:1", "max_new_tokens": 5})["sequences"][0]["text"]))

    def test_what_cannot_draft(self):
        with Server(*EAGLE, model=f"{ZOO}/heads/glm4moe_head.gguf") as server:
            for fields, param in [({"assistant_model": "eagle"}, "assistant_model"), ({"amateur": "eagle"}, "amateur")]:
                status, answer = server.json("/v1/completions", {"prompt": "a", "max_tokens": 2, **fields})
                self.assertEqual((status, answer["error"]["param"]), (400, param), answer)


class Refusals(Case):
    def test_each_names_its_field(self):
        def one(param, says="", **fields):
            with self.subTest(fields):
                self.refused({"prompt": PROMPT, **fields}, 400, param, says)

        one("temperature", "temperature is -1: it must be a number", temperature=-1)
        one("temperature", temperature="hot")
        one("top_p", top_p=3)
        one("max_tokens", max_tokens=1.5)
        one("max_tokens", max_tokens="5")
        one("n", n=0)
        one("n", "at most 16", n=17)
        one("num_beams", "at most 64", num_beams=65)
        one("num_beam", "did you mean num_beams?", num_beam=4)
        one("stop", stop=["x"] * 17)
        one("stop", stop=["x" * 257])
        one("stop", stop=5)
        one("logprobs", logprobs=21)
        one("logprobs", logprobs="yes")
        one("stream", stream="yes")
        one("echo", echo=1)
        one("logit_bias", logit_bias=[["1"]])
        one("logit_bias", logit_bias={"x": 1})
        one("logit_bias", logit_bias={"1": "much"})
        one("logit_bias", logit_bias={"9999999": 1})
        one("response_format", response_format="json")
        one("response_format", response_format={"type": "xml"})
        one("response_format", response_format={"type": "json_schema"})
        one("length_penalty", length_penalty=2)
        one("best_of", best_of=3)
        one("amateur", "self:LAYERS", amateur="/etc/passwd")
        one("assistant_model", "self:TYPE", assistant_model="../../x.gguf")
        one("assistant_model", "has nothing for the drafter mtp", assistant_model="self:mtp")
        one("mtp", "has nothing for the drafter mtp", mtp=True)
        one("drafter", "has nothing for the drafter mtp", drafter=["mtp"])
        one("assistant_model", "layers", assistant_model="self:9")
        one("assistant_model", assistant_model="self:q9_9")
        one("prompt", prompt=[])
        one("prompt", prompt=[1, "x"])
        one("prompt", prompt=[-1])
        one("prompt", prompt=5)
        one("prompt", prompt=["x"] * 129)
        self.refused({}, 400, "prompt")
        self.refused({"prompt": PROMPT, "model": "gpt"}, 404, "model")
        self.refused({"messages": []}, 400, "messages", path="/v1/chat/completions")
        self.refused({"messages": [{"role": "user"}]}, 400, "messages", path="/v1/chat/completions")
        self.refused({"prompt": [1] * 5000}, 400, "prompt", "5000 tokens")

    def test_a_body_is_one_json_object(self):
        for body in ["", "{", "[]", "5", '{"prompt":"a","prompt":"b"}', '{"prompt":"a","temperature":1e999}',
                     '{"prompt":"a","temperature":NaN}', b'{"prompt":"\xff"}', '{"prompt":"\\ud800"}',
                     '{"a":' * 100 + "1" + "}" * 100]:
            with self.subTest(body):
                status, _, content = self.server.ask("/v1/completions", body)
                self.assertEqual(status, 400)
                self.assertIn("message", json.loads(content)["error"])

    def test_what_is_not_there(self):
        for path in ["/v1/nothing", "/../etc/passwd", "/%2e%2e/etc/passwd", "/v1/models/../../x", "//", "/v1/completions/"]:
            self.assertIn(self.server.ask(path)[0], (400, 404), path)
        status, headers, _ = self.server.ask("/v1/completions")
        self.assertEqual((status, headers["Allow"]), (405, "POST"))
        self.assertEqual(self.server.ask("/v1/completions", "{}", headers={"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.server.ask("/health", headers={"Host": "evil.example"})[0], 421)
        self.assertEqual(self.server.ask("/health", headers={"Host": f"localhost:{self.server.port}"})[0], 200)
        self.assertEqual(self.server.ask("/v1/models", headers={"Sec-Fetch-Site": "cross-site"})[0], 403)

    def test_a_body_that_is_too_large(self):
        status, _, _ = self.server.ask("/v1/completions", json.dumps({"prompt": "x" * (9 << 20)}))
        self.assertEqual(status, 413)


class Tokens(Case):
    def test_there_and_back(self):
        _, there = self.server.json("/tokenize", {"prompt": PROMPT, "add_special_tokens": True})
        self.assertEqual(there["count"], len(there["tokens"]))
        _, back = self.server.json("/detokenize", {"tokens": there["tokens"]})
        self.assertEqual((back["prompt"], back["content"]), (PROMPT, PROMPT))
        _, llama = self.server.json("/tokenize", {"content": PROMPT, "with_pieces": True})
        self.assertEqual([each["id"] for each in llama["tokens"]], there["tokens"])
        self.assertEqual(self.server.json("/detokenize", {"tokens": [10**9]})[0], 400)
        status, info = self.server.json("/tokenizer_info")
        self.assertEqual(status, 200)
        self.assertIn("eos_token", info)

    def test_pages_of_a_server(self):
        self.assertEqual(self.server.json("/health"), (200, {"status": "ok"}))
        self.assertEqual(self.server.json("/ready")[0], 200)
        _, models = self.server.json("/v1/models")
        name = models["data"][0]["id"]
        self.assertEqual(self.server.json(f"/v1/models/{name}")[1]["id"], name)
        self.assertEqual(self.server.json("/v1/models/other")[0], 404)
        _, page = self.server.json("/openapi.json")
        properties = page["components"]["schemas"]["CompletionRequest"]["properties"]
        for option in "num_beams", "penalty_alpha", "dola_layers", "amateur", "temperature", "max_tokens", "stop":
            self.assertIn(option, properties)
        self.assertGreaterEqual(self.server.metric("decant_cells"), 1)


class Endings(unittest.TestCase):
    def test_a_client_that_goes_away_takes_its_request_with_it(self):
        with Server() as server:
            noise = random.Random(1)
            bodies = [{"prompt": PROMPT, "max_tokens": 2000, "ignore_eos": True, "stream": True},
                      {"prompt": PROMPT, "max_tokens": 2000, "ignore_eos": True},
                      {"prompt": PROMPT, "max_tokens": 1000, "ignore_eos": True, "num_beams": 4},
                      {"prompt": "x " * 1500, "max_tokens": 100}]
            before = server.descriptors()
            for i in range(DISCONNECTS):
                data = json.dumps(bodies[i % len(bodies)]).encode()
                with socket.create_connection(("127.0.0.1", server.port)) as client:
                    client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: %d\r\n\r\n" % len(data) + data)
                    time.sleep(noise.random() * 0.05)
                    if i % 2:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
            begin = time.monotonic()
            server.wait_until_idle(2)
            self.assertLess(time.monotonic() - begin, 2)
            self.assertEqual(server.text(PROMPT)["finish_reason"], "length")
            self.assertGreater(server.metric("decant_requests_cancelled_total"), DISCONNECTS / 2)
            until = time.monotonic() + 5
            while server.descriptors() > before + 2 and time.monotonic() < until:
                time.sleep(0.05)
            self.assertLessEqual(server.descriptors(), before + 2)

    def test_a_client_that_is_killed(self):
        with Server() as server:
            script = ("import json, sys, urllib.request as u\n"
                      "body = json.dumps({'prompt': 'a', 'max_tokens': 3500, 'num_beams': 8, 'stream': True, 'ignore_eos': True}).encode()\n"
                      "u.urlopen(u.Request(sys.argv[1], body, {'Content-Type': 'application/json'})).read()\n")
            client = subprocess.Popen([sys.executable, "-c", script, f"http://127.0.0.1:{server.port}/v1/completions"], stderr=subprocess.DEVNULL)
            while server.metric("decant_requests_running") == 0:
                self.assertIsNone(client.poll())
                time.sleep(0.01)
            client.kill()
            client.wait()
            server.wait_until_idle(2)

    def test_what_is_under_way_ends_well(self):
        server = Server()
        result = {}

        def ask():
            result["events"] = server.events("/v1/completions", {"prompt": PROMPT, "max_tokens": 1500, "ignore_eos": True})

        thread = threading.Thread(target=ask)
        thread.start()
        while server.metric("decant_requests_running") == 0:
            time.sleep(0.01)
        idle = server.connect()
        idle.request("GET", "/health")
        idle.getresponse().read()
        self.assertEqual(server.end(), 0)
        thread.join()
        self.assertEqual(result["events"][-1]["choices"][0]["finish_reason"], "length")

    def test_at_the_end_of_its_time_it_has_a_last_word(self):
        server = Server("--shutdown-timeout", "0.2", model=DEFAULT)
        body = {"prompt": PROMPT, "max_tokens": 2000, "ignore_eos": True}
        more = {"n": 3, "temperature": 1}
        streams = [json.dumps({**body, **each, "stream": True}).encode() for each in ({}, more)]
        clients = []
        for each in streams:
            client = socket.create_connection(("127.0.0.1", server.port))
            client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(each) + each)
            clients.append(client)
        while server.metric("decant_requests_running") < 2:
            time.sleep(0.01)
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        for client in clients:
            content = b""
            while more := client.recv(1 << 16):
                content += more
            self.assertIn(b"shutting down", content)
            client.close()
        self.assertEqual(server.end(), 0)
        self.assertLess(time.monotonic() - begin, 5)

    def test_a_line_that_is_full(self):
        with Server("--max-live", "1", "--max-waiting", "1") as server:
            statuses = []

            def ask():
                statuses.append(server.ask("/v1/completions", {"prompt": PROMPT, "max_tokens": 1000, "ignore_eos": True})[:2])

            threads = [threading.Thread(target=ask) for _ in range(8)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            self.assertLessEqual({status for status, _ in statuses}, {200, 429})
            self.assertIn(429, {status for status, _ in statuses})
            self.assertTrue(all(headers["Retry-After"] for status, headers in statuses if status == 429))


class Branches(Case):
    def decode(self, body, headers=None):
        """The records of a trace, and the last word."""
        status, _, content = self.server.ask("/v1/decode", body, headers=headers)
        self.assertEqual(status, 200, content)
        events = content.decode().strip().split("\n\n")
        self.assertTrue(events[-1].startswith("event: end\ndata: "))
        return [json.loads(each[6:]) for each in events[:-1]], json.loads(events[-1].split("data: ", 1)[1])

    def test_a_text_goes_on_from_any_of_its_tokens(self):
        records, end = self.decode({"prompt": PROMPT, "max_new_tokens": 12})
        prompt = self.server.json("/tokenize", {"prompt": PROMPT})[1]["tokens"]
        ids = [each["token"]["id"] for each in records if "token" in each]
        self.assertEqual(len(ids), 12)
        for length in 0, 5, 12:
            for forced in [], [77], [77, 9]:
                for options in {}, {"temperature": 1, "seed": 4}, {"num_beams": 3}:
                    with self.subTest((length, forced, options)):
                        place = {"id": end["id"], "length": length, "tokens": forced}
                        branch, branch_end = self.decode({"from": place, "max_new_tokens": 6, **options})
                        same, same_end = self.decode({"prompt": prompt + ids[:length] + forced, "max_new_tokens": 6, **options})
                        self.assertEqual(branch[0]["run"]["prompt_ids"], prompt + ids[:length] + forced)
                        self.assertEqual(branch_end["sequences"][0]["text"], same_end["sequences"][0]["text"])
                        again, _ = self.decode({"from": {"id": branch_end["id"], "length": 1}, "max_new_tokens": 1})
                        self.assertEqual(again[0]["run"]["prompt_ids"][:-1], branch[0]["run"]["prompt_ids"])

    def test_eight_go_on_at_once_each_from_its_own(self):
        def follow(first):
            """Goes on four times, each time from the third token of what was written last; the texts."""
            _, end = self.decode({"prompt": [first], "max_new_tokens": 6, "ignore_eos": True})
            texts = []
            for _ in range(4):
                records, end = self.decode({"from": {"id": end["id"], "length": 3}, "max_new_tokens": 6, "ignore_eos": True})
                texts.append((records[0]["run"]["prompt_ids"], end["sequences"][0]["text"]))
            return texts

        alone = [follow(first) for first in range(40, 48)]
        self.assertEqual(len({each[0][0][0] for each in alone}), 8)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(follow, range(40, 48))), alone)

    def test_of_several_texts_one_is_meant(self):
        _, end = self.decode({"prompt": PROMPT, "max_new_tokens": 8, "num_beams": 4, "num_return_sequences": 3})
        whole = [self.decode({"from": {"id": end["id"], "sequence": i}, "max_new_tokens": 1})[0][0]["run"]["prompt_ids"] for i in range(3)]
        self.assertEqual(len({tuple(each) for each in whole}), 3)

    def test_places_that_are_not_there(self):
        _, end = self.decode({"prompt": PROMPT, "max_new_tokens": 3})
        for place in [{"id": end["id"], "length": 4}, {"id": end["id"], "sequence": 1}, {"id": 5}, {}, "x", {"id": end["id"], "node": 1},
                      {"id": end["id"], "length": -1}, {"id": end["id"], "tokens": ["a"]}]:
            with self.subTest(place):
                self.refused({"from": place}, 400, "from", path="/v1/decode")
        self.refused({"from": {"id": "0" * 26}}, 404, "from", "send its ids", path="/v1/decode")
        self.refused({"from": {"id": end["id"]}, "prompt": PROMPT}, 400, "prompt", path="/v1/decode")
        self.refused({"from": {"id": end["id"]}, "prompt": PROMPT}, 400, "from", path="/v1/completions")
        for _ in range(64):
            self.decode({"prompt": "x", "max_new_tokens": 1})
        self.refused({"from": {"id": end["id"]}}, 404, "from", path="/v1/decode")


class Keys(unittest.TestCase):
    def test_keys_learn_nothing_of_each_other(self):
        with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:
            file.write("first\nsecond\n")
            file.flush()
            with Server("--api-key-file", file.name) as server:
                key = lambda name: {"Authorization": f"Bearer {name}"}  # noqa: E731
                rows = lambda: float(server.ask("/metrics", headers=key("first"))[2].split(b"\ndecant_cells_used{")[1].split()[1])  # noqa: E731
                body = {"prompt": "word " * 200, "max_tokens": 1}
                used = []
                for name in "first", "first", "second", "second", "first":
                    self.assertEqual(server.ask("/v1/completions", body, headers=key(name))[0], 200)
                    used.append(rows())
                self.assertEqual(used[0], used[1])  # shared with oneself
                self.assertGreater(used[2], 1.9 * used[1])  # and with nobody else
                self.assertEqual(used[2], used[3])
                self.assertEqual(used[2], used[4])
                _, _, content = server.ask("/v1/decode", body, headers=key("first"))
                name = json.loads(content.decode().strip().split("data: ")[-1])["id"]
                go_on = {"from": {"id": name}, "max_tokens": 1}
                self.assertEqual(server.ask("/v1/decode", go_on, headers=key("second"))[0], 404)
                self.assertEqual(server.ask("/v1/decode", go_on, headers=key("first"))[0], 200)

    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = os.path.join(folder, "key"), os.path.join(folder, "certificate")
            made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                                   "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
                                   "-out", certificate], capture_output=True)
            self.assertEqual(made.returncode, 0, made.stderr)
            context = ssl.create_default_context(cafile=certificate)
            with Server("--tls-certificate", certificate, "--tls-key", key) as server:
                def ask(path, body=None):
                    client = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=60)
                    client.request("POST" if body else "GET", path, body and json.dumps(body), {"Content-Type": "application/json"})
                    answer = client.getresponse()
                    content = answer.read()
                    client.close()
                    return answer.status, content

                self.assertEqual(ask("/health")[0], 200)
                body = {"prompt": PROMPT, "max_tokens": 500, "ignore_eos": True}
                status, content = ask("/v1/completions", {**body, "stream": True})
                self.assertEqual((status, content[-14:]), (200, b"data: [DONE]\n\n"))
                self.assertEqual(ask("/v1/completions", {**body, "prompt": "x " * 500, "max_tokens": 1})[0], 200)
                for is_plain in True, False:  # what is no TLS, and who goes away
                    with socket.create_connection(("127.0.0.1", server.port)) as client:
                        if is_plain:
                            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            with contextlib.suppress(ConnectionResetError):
                                self.assertNotIn(b"200", client.recv(100))
                            continue
                        data = json.dumps({**body, "max_tokens": 3500, "num_beams": 4}).encode()
                        with context.wrap_socket(client, server_hostname="127.0.0.1") as secret:
                            secret.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                           b"Content-Length: %d\r\n\r\n" % len(data) + data)
                            time.sleep(0.2)
                until = time.monotonic() + 5
                while b"decant_requests_running 0" not in ask("/metrics")[1]:
                    self.assertLess(time.monotonic(), until)
                    time.sleep(0.05)
                old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                old.check_hostname, old.verify_mode, old.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_1
                with socket.create_connection(("127.0.0.1", server.port)) as client, self.assertRaises(OSError):
                    old.wrap_socket(client)
            for wrong in ["--tls-key", key], ["--tls-certificate", key, "--tls-key", key]:
                result = subprocess.run([serving.PROGRAM, "serve", "-m", MICRO, "--port", "0", *wrong], capture_output=True)
                self.assertIn(result.returncode, (64, 65), result.stderr)

    def test_only_those_who_have_one_may_ask(self):
        with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:
            file.write("first-key\nsecond-key\n")
            file.flush()
            with Server("--api-key-file", file.name) as server:
                _, page = server.json("/openapi.json")
                for path, methods in page["paths"].items():
                    for method, operation in methods.items():
                        with self.subTest(path):
                            asked = path.replace("{model}", "micro")
                            body = {} if method == "post" else None
                            status, _, _ = server.ask(asked, body)
                            is_open = "security" not in operation
                            self.assertEqual(is_open, asked in ("/health", "/ready", "/openapi.json", "/"))
                            self.assertEqual(status, 200 if is_open else 401)
                for wrong in "", "first-ke", "first-keyx", "FIRST-KEY", "first-keyfirst-key":
                    self.assertEqual(server.ask("/v1/models", headers={"Authorization": f"Bearer {wrong}"})[0], 401)
                for right in {"Authorization": "Bearer first-key"}, {"X-Api-Key": "second-key"}, {"Authorization": "bearer second-key"}:
                    self.assertEqual(server.ask("/v1/models", headers=right)[0], 200)

    def test_the_network_is_not_served_without_keys(self):
        result = subprocess.run([serving.PROGRAM, "serve", "-m", MICRO, "--host", "0.0.0.0", "--port", "0"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 64)
        self.assertIn("--api-key-file", result.stderr)

    def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "decant")
            with Server("--unix-socket", path):
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(path)
                    client.sendall(b"GET /health HTTP/1.1\r\nHost: decant\r\nConnection: close\r\n\r\n")
                    self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 200"))
            self.assertFalse(os.path.exists(path))

    def test_several_models(self):
        with Server("--also", f"other={MICRO}", "--unload-after", "0.1") as server:
            self.assertEqual([each["loaded"] for each in server.json("/v1/models")[1]["data"]], [True, False])
            self.assertEqual(server.text(PROMPT, model="other")["text"], server.text(PROMPT)["text"])
            self.assertEqual(server.text(PROMPT, assistant_model="other")["text"], server.text(PROMPT)["text"])
            until = time.monotonic() + 5
            while server.json("/v1/models")[1]["data"][1]["loaded"] and time.monotonic() < until:
                time.sleep(0.1)
            self.assertEqual([each["loaded"] for each in server.json("/v1/models")[1]["data"]], [True, False])


if __name__ == "__main__":
    serving.main()
