"""Tools in conversations, for each notation that is known: tools_test.py PROGRAM

On the microscopic random model with other chat templates: small ones, and the models' own as libllama's tree has them. What it writes is noise,
so grammars decide its texts.
"""

import glob
import json
import os
import re
import sys
import tempfile
import unittest

import serving
from serving import MICRO, Server

sys.path.insert(0, os.path.join(serving.ROOT, "tests/cli"))
from chat_cases import CASES, HELLO, TOOLS as CASE_TOOLS, function  # noqa: E402
from damaged_model import with_control_tokens, with_text  # noqa: E402

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
    return "root ::= " + json.dumps(text, ensure_ascii=False)


def templates_of(names):
    """The models' own, from the tree of libllama that is built."""
    texts = {}
    for name in names:
        found = glob.glob(os.path.join(serving.ROOT, f"build/deps/llama.cpp-*/models/templates/{name}.jinja"))
        assert found, f"no template {name}"
        with open(found[0], encoding="utf-8") as file:
            texts[name] = file.read()
    return texts


class WithTemplates(unittest.TestCase):
    """A server of the microscopic model with each of the chat templates."""

    templates, control_tokens = {}, {}

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        with open(MICRO, "rb") as file:
            micro = with_control_tokens(file.read(), cls.control_tokens)
        paths = {name: os.path.join(cls.folder.name, name + ".gguf") for name in cls.templates}
        for name, path in paths.items():
            with open(path, "wb") as file:
                file.write(with_text(micro, "tokenizer.chat_template", cls.templates[name].encode()))
        also = [word for name, path in [*paths.items()][1:] for word in ("--also", f"{name}={path}")]
        cls.server = Server(*also, "--also", f"micro={MICRO}", model=next(iter(paths.values())))

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0
        cls.folder.cleanup()

    def chat(self, model, **fields):
        status, answer = self.server.json("/v1/chat/completions", {"model": model, "messages": TALK, "tools": TOOLS, **fields})
        self.assertEqual(status, 200, answer)
        return answer["choices"][0]

    def streamed(self, model, **fields):
        """Text, calls and reason, put together from the chunks, and thoughts if there are any."""
        text, calls, reason, thoughts = "", [], None, ""
        for event in self.server.events("/v1/chat/completions", {"model": model, "messages": TALK, "tools": TOOLS, **fields}):
            choice = event["choices"][0]
            self.assertIsNone(reason)
            text += choice["delta"].get("content") or ""
            thoughts += choice["delta"].get("reasoning_content", "")
            for call in choice["delta"].get("tool_calls", []):
                self.assertEqual(call["index"], len(calls))
                calls.append((call["function"]["name"], json.loads(call["function"]["arguments"])))
            reason = choice["finish_reason"]
        return (text, calls, reason, thoughts) if thoughts else (text, calls, reason)

    def read(self, choice):
        message = choice["message"]
        calls = message.get("tool_calls", [])
        self.assertEqual(len({call["id"] for call in calls}), len(calls))
        read = (message["content"] or "", [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls], choice["finish_reason"])
        return (*read, message["reasoning_content"]) if "reasoning_content" in message else read


class Tools(WithTemplates):
    templates = {**TEMPLATES, "unknown": SAID + "{% if tools %}!{% endif %}"}

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


NARROW = [function("look", ["city", "days", "where"], city={"enum": ["Oslo", "Rome"]}, days={"type": "integer", "minimum": 1, "maximum": 9},
                   where={"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2}, loud={"type": "boolean"},
                   more={"$ref": "#/properties/days"}),
          {"type": "function", "function": {"name": "stop", "description": "stops"}}]
# What is a mark of some notation and a control token of its models; others of gpt-oss libllama takes for text.
MARKS = ["<|call|>", "<|return|>", "<|tool_call_start|>", "<|tool_call_end|>",
         "<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>", "[TOOL_CALLS]", "[ARGS]",
         "<tool_call>", "</tool_call>"]
FIRST_MARK = 480  # of the microscopic model's 512 tokens, rare ones


def tools_of(calls):
    """Those that are called, and another."""
    return [CASE_TOOLS[name] for name in dict.fromkeys([*(name for name, _ in calls), "get_time"])]


class Notations(WithTemplates):
    """Of the models' own templates, where marks are text."""

    templates = templates_of(CASES)

    def test_what_llama_cpp_reads(self):
        for model, cases in CASES.items():
            for text, said, calls, *thoughts in cases:
                with self.subTest((model, text)):
                    wishes = {"grammar": literal(text), "max_tokens": 700, "tools": tools_of(calls)}
                    expected = (said, calls, "tool_calls" if calls else "stop", *thoughts)
                    self.assertEqual(self.read(self.chat(model, **wishes)), expected)
                    self.assertEqual(self.streamed(model, **wishes), expected)

    def check_forced(self, model, **wishes):
        text, calls, reason = self.read(self.chat(model, tools=NARROW, **wishes))
        self.assertEqual((text, reason), ("", "tool_calls"))
        self.assertEqual(self.streamed(model, tools=NARROW, **wishes), (text, calls, reason))
        for name, arguments in calls:
            self.assertIn(name, ("look", "stop"))
            if name == "stop":
                self.assertEqual(arguments, {})
                continue
            self.assertIn(arguments.pop("city"), ("Oslo", "Rome"))
            self.assertIn(arguments.pop("days"), range(1, 10))
            self.assertIn(arguments.pop("more", 1), range(1, 10))
            self.assertIn(len(arguments["where"]), (1, 2))
            self.assertLessEqual({type(each) for each in arguments.pop("where")}, {bool})
            self.assertIn(arguments.pop("loud", True), (True, False))
            self.assertEqual(arguments, {})
        return calls

    def test_calls_that_are_required(self):
        for model in self.templates:
            for choice, drawn in ("required", {"temperature": 1.5, "seed": 4}), ({"type": "function", "function": {"name": "look"}}, {}):
                with self.subTest((model, choice)):
                    calls = self.check_forced(model, tool_choice=choice, parallel_tool_calls=False, max_tokens=600, **drawn)
                    self.assertEqual(len(calls), 1)
                    if choice != "required":
                        self.assertEqual(calls[0][0], "look")

    def test_texts_without_quotes(self):
        note = [function("note", ["text"], text="string")]
        for model, begin, end in [("Qwen3-Coder", "<tool_call>\n<function=note>\n<parameter=text>\n", "</parameter>"),
                                  ("GLM-4.6", "<tool_call>note\n<arg_key>text</arg_key>\n<arg_value>", "</arg_value>")]:
            with self.subTest(model):
                wishes = {"tools": note, "tool_choice": "required", "max_tokens": 120, "logprobs": True, "temperature": 1, "seed": 2}
                answer = self.chat(model, **wishes)
                written = b"".join(bytes(each["bytes"]) for each in answer["logprobs"]["content"]).decode(errors="replace")
                for mark in self.control_tokens.values():  # which have no bytes
                    begin = begin.replace(mark, "")
                self.assertTrue(written.startswith(begin), written)
                self.assertLessEqual(written.count(end), 1)
        for schema, says in [({"type": "string", "pattern": "^a"}, "pattern"), ({"type": ["string", "object"]}, "text or a structure")]:
            status, answer = self.server.json("/v1/chat/completions", {
                "model": "Qwen3-Coder", "messages": TALK, "tools": [function("note", ["text"], text=schema)], "tool_choice": "required"})
            self.assertEqual((status, answer["error"]["param"]), (400, "tools"), answer)
            self.assertIn(says, answer["error"]["message"])

    def test_templates_are_told(self):
        for model in self.templates:
            with self.subTest(model):
                status, answer = self.server.json("/apply-template", {"model": model, "messages": TALK, "tools": NARROW})
                self.assertEqual(status, 200, answer)
                self.assertIn("look", answer["prompt"])
                _, without = self.server.json("/apply-template", {"model": model, "messages": TALK})
                self.assertNotIn("look", without["prompt"])

    def test_channels_without_tools(self):
        text = "<|channel|>analysis<|message|>Why?<|end|><|start|>assistant<|channel|>final<|message|>" + HELLO
        expected = (HELLO, [], "stop", "Why?")
        wishes = {"grammar": literal(text), "max_tokens": 400, "tools": None}
        self.assertEqual(self.read(self.chat("openai-gpt-oss-120b", **wishes)), expected)
        self.assertEqual(self.streamed("openai-gpt-oss-120b", **wishes), expected)


class Thoughts(WithTemplates):
    """What is thought aloud is told apart, of models whose templates know of it."""

    templates = {**templates_of(["Qwen-QwQ-32B", "Qwen3-Coder", "llama-cpp-deepseek-r1"]),
                 **{name: SAID.replace("CALL", "") + more for name, more in
                    [("thinks", "{# </think> #}"), ("magistral", "{# [THINK] #}"), ("begins", "<think>\n"), ("thinks not", "<think>\n\n</think>\n\n"),
                     ("reads", "{% for m in messages %}{{ m.reasoning_content }}{% endfor %}")]}}

    def expect(self, model, text, *expected, **fields):
        with self.subTest((model, text)):
            wishes = {"tools": None, "grammar": literal(text), "max_tokens": 400, **fields}
            self.assertEqual(self.read(self.chat(model, **wishes)), expected)
            self.assertEqual(self.streamed(model, **wishes), expected)

    def test_thoughts_and_texts(self):
        for model, begin, end in ("thinks", "<think>", "</think>"), ("magistral", "[THINK]", "[/THINK]"), ("begins", "<think>", "</think>"):
            for space in "", "\n", " \n\n":
                for thought in "Why?", "Why?\n\nSo </thin <think> it is":
                    self.expect(model, space + begin + space + thought + space + end + space + HELLO, HELLO, [], "stop", thought)
            self.expect(model, begin + " so on ", "", [], "stop", "so on")
            self.expect(model, begin + end + HELLO, HELLO, [], "stop")
            for text in HELLO, begin[:-1] + "s", HELLO + begin + "x" + end, begin[:-1], "a" + end + "b":
                self.expect(model, text, text, [], "stop")
            whole = begin + "x" + end + HELLO
            self.expect(model, whole, whole, [], "stop", reasoning_format="none")
        self.expect("Qwen3-Coder", "<think>x</think>", "<think>x</think>", [], "stop")  # whose template knows of none

    def test_calls_behind_thoughts(self):
        call = '<tool_call>{"name": "stop", "arguments": {}}</tool_call>'
        self.expect("Qwen-QwQ-32B", f"<think>\nor {call}?\n</think>\n\n{call}", "", [("stop", {})], "tool_calls", f"or {call}?", tools=TOOLS)

    def test_responses(self):
        status, answer = self.server.json("/v1/responses", {"model": "thinks", "input": "x", "grammar": literal("<think>Why?</think>" + HELLO)})
        self.assertEqual(status, 200, answer)
        self.assertEqual([(each["type"], each["content"][0]["text"]) for each in answer["output"]], [("reasoning", "Why?"), ("message", HELLO)])

    def test_prompts_that_begin_the_thought(self):
        free = {"tools": None, "max_tokens": 12, "ignore_eos": True}
        for model, within in ("begins", True), ("thinks not", False), ("llama-cpp-deepseek-r1", True):
            with self.subTest(model):
                text, calls, reason, *thoughts = self.read(self.chat(model, **free))
                self.assertEqual((text == "", bool(thoughts)), (within, within))
                self.assertEqual(self.streamed(model, **free), (text, calls, reason, *thoughts))
                whole, *_ = self.read(self.chat(model, reasoning_format="none", **free))
                self.assertEqual(whole.strip(), (text + "".join(thoughts)).strip())

    def test_earlier_thoughts_reach_the_template(self):
        talk = [*TALK, {"role": "assistant", "content": "x", "reasoning_content": "WHY"}]
        status, answer = self.server.json("/apply-template", {"model": "reads", "messages": talk})
        self.assertEqual(status, 200, answer)
        self.assertTrue(answer["prompt"].endswith("WHY"), answer)
        self.assertEqual(self.server.json("/v1/chat/completions", {"messages": TALK, "reasoning_format": "deep"})[0], 400)


def as_marks(text):
    """A grammar of this text alone, with its marks as control tokens."""
    parts = re.split("(" + "|".join(map(re.escape, MARKS)) + ")", text)
    return "root ::= " + " ".join(f"<[{FIRST_MARK + MARKS.index(part)}]>" if part in MARKS else json.dumps(part, ensure_ascii=False)
                                  for part in parts if part)


class ControlTokens(Notations):
    """The same where marks are control tokens, which add no text."""

    control_tokens = {FIRST_MARK + i: mark for i, mark in enumerate(MARKS)}
    templates = templates_of(["openai-gpt-oss-120b", "LFM2-8B-A1B", "deepseek-ai-DeepSeek-V3.1", "GLM-4.6", "mistralai-Mistral-Nemo-Instruct-2407",
                              "Qwen3-Coder"])

    def test_what_llama_cpp_reads(self):
        for model in self.templates:
            for text, said, calls, *thoughts in CASES[model]:
                if "<|call|>" in text or not any(mark in text for mark in MARKS) or (not calls and not thoughts):
                    continue
                with self.subTest((model, text)):
                    wishes = {"grammar": as_marks(text), "max_tokens": 700, "tools": tools_of(calls)}
                    expected = (said, calls, "tool_calls" if calls else "stop", *thoughts)
                    self.assertEqual(self.read(self.chat(model, **wishes)), expected)
                    self.assertEqual(self.streamed(model, **wishes), expected)


if __name__ == "__main__":
    serving.main()
