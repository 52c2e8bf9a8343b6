"""Tools in conversations, for each notation that is known: tools_test.py PROGRAM

On the microscopic random model with other chat templates. What it writes is noise, so grammars decide its texts.
"""

import json
import os
import sys
import tempfile
import unittest

import serving
from serving import MICRO, Server

sys.path.insert(0, os.path.join(serving.ROOT, "tests/cli"))
from damaged_model import with_text  # noqa: E402

SAID = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if m.tool_call_id %}({{ m.tool_call_id }}){% endif %}" \
       "{% for c in m.tool_calls or [] %}CALL{% endfor %}{% endfor %}"
TEMPLATES = {
    "tags": "{% if tools %}{% for t in tools %}{{ t | tojson }}{% endfor %} in <tool_call></tool_call>{% endif %}"
            + SAID.replace("CALL", '<tool_call>{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}</tool_call>'),
    "object": '{% if tools %}{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}'
              + SAID.replace("CALL", '{{ \'{"name": "\' + c.function.name + \'", "parameters": \' }}{{ c.function.arguments | tojson }}{{ "}" }}'),
    "list": "{% if tools %}[AVAILABLE_TOOLS]{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}"
            + SAID.replace("CALL", "{{ '[TOOL_CALLS]' + c.function.arguments }}"),  # which wants texts
}
WRITTEN = {
    "tags": lambda *calls: "\n".join(f"<tool_call>\n{json.dumps({'name': n, 'arguments': a})}\n</tool_call>" for n, a in calls),
    "object": lambda call: json.dumps({"name": call[0], "parameters": call[1]}),
    "list": lambda *calls: json.dumps([{"name": n, "arguments": a} for n, a in calls]),
}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "how it is there", "parameters": {
             "type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}, "days": {"$ref": "#/$defs/few"}},
             "required": ["city", "days"], "additionalProperties": False, "$defs": {"few": {"enum": [1, 2]}}}}},
         {"type": "function", "function": {"name": "stop"}}]
TALK = [{"role": "user", "content": "The weather?"}]


def literal(text):
    return "root ::= " + json.dumps(text)


class Tools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        with open(MICRO, "rb") as file:
            micro = file.read()
        first, *rest = cls.paths = {name: os.path.join(cls.folder.name, name + ".gguf") for name in [*TEMPLATES, "unknown"]}
        for name, path in cls.paths.items():
            template = TEMPLATES.get(name, SAID + "{% if tools %}!{% endif %}")
            with open(path, "wb") as file:
                file.write(with_text(micro, "tokenizer.chat_template", template.encode()))
        also = [word for name in rest for word in ("--also", f"{name}={cls.paths[name]}")]
        cls.server = Server(*also, "--also", f"micro={MICRO}", model=cls.paths[first])

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0
        cls.folder.cleanup()

    def chat(self, model, **fields):
        status, answer = self.server.json("/v1/chat/completions", {"model": model, "messages": TALK, "tools": TOOLS, **fields})
        self.assertEqual(status, 200, answer)
        return answer["choices"][0]

    def streamed(self, model, **fields):
        """Text, calls and reason, put together from the chunks."""
        text, calls, reason = "", [], None
        for event in self.server.events("/v1/chat/completions", {"model": model, "messages": TALK, "tools": TOOLS, **fields}):
            choice = event["choices"][0]
            self.assertIsNone(reason)
            text += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls", []):
                self.assertEqual(call["index"], len(calls))
                calls.append((call["function"]["name"], json.loads(call["function"]["arguments"])))
            reason = choice["finish_reason"]
        return text, calls, reason

    def read(self, choice):
        message = choice["message"]
        calls = message.get("tool_calls", [])
        self.assertEqual(len({call["id"] for call in calls}), len(calls))
        return (message["content"] or "", [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls],
                choice["finish_reason"])

    def test_a_call_that_is_required(self):
        for model in TEMPLATES:
            for choice in "required", {"type": "function", "function": {"name": "weather"}}:
                for temperature in 0, 1.5:
                    with self.subTest((model, choice, temperature)):
                        wishes = {"tool_choice": choice, "temperature": temperature, "seed": 3, "max_tokens": 300,
                                  "parallel_tool_calls": False}
                        text, calls, reason = self.read(self.chat(model, **wishes))
                        self.assertEqual((text, len(calls), reason), ("", 1, "tool_calls"))
                        name, arguments = calls[0]
                        self.assertIn(name, ("weather",) if choice != "required" else ("weather", "stop"))
                        if name == "weather":
                            self.assertEqual(set(arguments), {"city", "days"})
                            self.assertIn(arguments["days"], (1, 2))
                        self.assertEqual(self.streamed(model, **wishes), (text, calls, reason))

    def test_calls_are_found_in_what_is_written(self):
        weather, stop = ("weather", {"city": "Rome <b>\n", "days": 2}), ("stop", {})
        for model, write in WRITTEN.items():
            texts = [("", [weather], write(weather))]
            if model != "object":
                texts.append(("", [weather, stop], write(weather, stop)))
            if model == "tags":
                texts += [("Let me look.", [stop], "Let me look.\n" + write(stop)), ("a <tool b", [stop], "a <tool b" + write(stop))]
            for said, calls, text in texts:
                with self.subTest((model, text)):
                    wishes = {"grammar": literal(text), "max_tokens": 400}
                    self.assertEqual(self.read(self.chat(model, **wishes)), (said, calls, "tool_calls"))
                    self.assertEqual(self.streamed(model, **wishes), (said, calls, "tool_calls"))
                    self.assertEqual(self.read(self.chat(model, tool_choice="none", **wishes)), (text, [], "stop"))

    def test_what_is_no_call_is_text(self):
        for model, text in [("tags", "<tool_call>what?</tool_call>"), ("tags", "a <tool_call"), ("tags", "<tool_call>{} "), ("tags", "  x "),
                            ("object", '{"a": 1}'), ("object", "{"), ("object", ' I say {"name": "stop", "parameters": {}}'), ("list", "[1, 2]"),
                            ("list", '[{"name": "stop", "arguments": {}}, 5]'), ("list", "Well.")]:
            with self.subTest(text):
                wishes = {"grammar": literal(text), "max_tokens": 400}
                self.assertEqual(self.read(self.chat(model, **wishes)), (text, [], "stop"))
                self.assertEqual(self.streamed(model, **wishes), (text, [], "stop"))

    def test_log_probabilities_are_of_all_tokens(self):
        choice = self.chat("tags", logprobs=True, grammar=literal("Yes" + WRITTEN["tags"](("stop", {}))), max_tokens=200)
        written = b"".join(bytes(each["bytes"]) for each in choice["logprobs"]["content"])
        self.assertTrue(written.endswith(b"</tool_call>"))

    def test_templates_are_told(self):
        talk = [*TALK, {"role": "assistant", "content": None, "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Rome\"}"}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "sun"}]
        for model, expected in [("tags", '<tool_call>{"name": "weather", "arguments": {"city": "Rome"}}</tool_call>'),
                                ("object", '{"name": "weather", "parameters": {"city": "Rome"}}'), ("list", '[TOOL_CALLS]{"city":"Rome"}')]:
            with self.subTest(model):
                status, answer = self.server.json("/apply-template", {"model": model, "messages": talk, "tools": TOOLS})
                self.assertEqual(status, 200, answer)
                self.assertIn(expected, answer["prompt"])
                self.assertTrue(answer["prompt"].endswith("<|tool|>sun(call_1)"))
                self.assertIn("how it is there", answer["prompt"])
                _, without = self.server.json("/apply-template", {"model": model, "messages": talk})
                self.assertNotIn("how it is there", without["prompt"])

    def test_what_cannot_be_done_is_said(self):
        def refused(param, says, model="tags", **fields):
            with self.subTest(fields):
                status, answer = self.server.json("/v1/chat/completions", {"model": model, "messages": TALK, "tools": TOOLS, **fields})
                self.assertEqual((status, answer["error"]["param"]), (400, param), answer)
                self.assertIn(says, answer["error"]["message"])

        refused("tools", "a way that is not known", model="unknown")
        refused("tools", "knows no tools", model="micro")
        refused("tools", "a list", tools={"a": 1})
        refused("tools", "a list", tools=[{"type": "function"}])
        refused("tools", "names", tools=[{"type": "function", "function": {"name": "a b"}}])
        refused("tools", "schema", tools=[{"type": "function", "function": {"name": "a", "parameters": []}}])
        refused("tools", "at most 128", tools=TOOLS * 65)
        refused("tools", "not", tool_choice="required", tools=[{"type": "function", "function": {"name": "a", "parameters": {"not": {}}}}])
        refused("tool_choice", "none, auto", tool_choice="maybe")
        refused("tool_choice", "none of the tools", tool_choice={"type": "function", "function": {"name": "other"}})
        refused("tool_choice", "needs tools", tool_choice="required", tools=None)
        refused("tool_choice", "response_format", tool_choice="required", response_format={"type": "json_object"})
        refused("messages", "tool_calls", messages=[{"role": "assistant", "tool_calls": [{"function": {}}]}])


if __name__ == "__main__":
    serving.main()
