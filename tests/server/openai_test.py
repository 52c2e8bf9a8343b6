"""The official Python client against the server: openai_test.py PROGRAM (with a Python that has the package openai)"""

import json
import tempfile
import unittest

import openai
import serving
import tools_test
from serving import DEFAULT, MICRO, Server
from tools_test import with_text

PROMPT = "The lighthouse keeper"
TALK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a colour."}]


class Counted(unittest.TestCase):
    """Counts what is tried: a test is one case, or each of its parts is."""
    cases = 0

    def setUp(self):
        Counted.cases += 1
        self.divided = False

    def subTest(self, *args, **options):
        Counted.cases += 1 if self.divided else 0
        self.divided = True
        return super().subTest(*args, **options)


def tearDownModule():
    print(f"{Counted.cases} cases with the official client")


class Case(Counted):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(model=DEFAULT)
        cls.client = openai.OpenAI(base_url=f"http://127.0.0.1:{cls.server.port}/v1", api_key="none", max_retries=0)
        cls.model = cls.client.models.list().data[0].id

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        assert cls.server.end() == 0

    def chat(self, **options):
        return self.client.chat.completions.create(model=self.model, **{"messages": TALK, "max_tokens": 12, **options})

    def complete(self, **options):
        return self.client.completions.create(model=self.model, **{"prompt": PROMPT, "max_tokens": 12, **options})


# What chats and completions take alike.
OPTIONS = [
    {}, {"temperature": 0}, {"temperature": 0.7, "seed": 1}, {"temperature": 2, "seed": 2}, {"top_p": 0.5, "seed": 3},
    {"temperature": 0.7, "top_p": 0.9, "seed": 4}, {"presence_penalty": 0.5}, {"frequency_penalty": 0.5},
    {"presence_penalty": 0, "frequency_penalty": 0}, {"stop": "e"}, {"stop": ["e", "a"]}, {"stop": []}, {"n": 1},
    {"n": 3, "temperature": 1, "seed": 5}, {"max_tokens": 1}, {"logit_bias": {"42": -100}}, {"logit_bias": {}},
    {"user": "somebody"}, {"extra_body": {"num_beams": 3}}, {"extra_body": {"penalty_alpha": 0.6, "top_k": 4}},
    {"extra_body": {"dola_layers": "high", "repetition_penalty": 1.2}}, {"extra_body": {"speculate": "auto"}},
    {"extra_body": {"amateur": "self:15"}}, {"extra_body": {"min_p": 0.1}, "seed": 6}, {"extra_body": {"top_k": 0}, "seed": 7},
    {"extra_body": {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 1.0}, "n": 2},
    {"extra_body": {"no_repeat_ngram_size": 2}}, {"extra_body": {"mirostat": 2}, "seed": 8},
    {"response_format": {"type": "text"}}, {"response_format": {"type": "json_object"}, "max_tokens": 40},
]


class Chats(Case):
    def check(self, answer):
        self.assertTrue(answer.id.startswith("chatcmpl-"))
        self.assertEqual((answer.object, answer.model), ("chat.completion", self.model))
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)
        for i, choice in enumerate(answer.choices):
            self.assertEqual((choice.index, choice.message.role), (i, "assistant"))
            self.assertIn(choice.finish_reason, ("stop", "length"))

    def test_whole_and_streamed(self):
        for options in OPTIONS:
            with self.subTest(options):
                whole = self.chat(**options)
                self.check(whole)
                self.assertEqual(len(whole.choices), options.get("n", 1))
                Counted.cases += 1  # streamed
                texts, reasons, roles, usage = {}, {}, {}, None
                for chunk in self.chat(stream=True, stream_options={"include_usage": True}, **options):
                    self.assertEqual(chunk.object, "chat.completion.chunk")
                    usage = chunk.usage or usage
                    for choice in chunk.choices:
                        self.assertNotIn(choice.index, reasons)
                        roles.setdefault(choice.index, choice.delta.role)
                        texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
                        if choice.finish_reason:
                            reasons[choice.index] = choice.finish_reason
                self.assertEqual(usage, whole.usage if "speculate" not in str(options) else usage)
                for choice in whole.choices:
                    self.assertEqual(texts[choice.index], choice.message.content)
                    self.assertEqual(reasons[choice.index], choice.finish_reason)
                    self.assertEqual(roles[choice.index], "assistant")

    def test_log_probabilities(self):
        for count in None, 0, 1, 5, 20:
            with self.subTest(count):
                options = {} if count is None else {"top_logprobs": count}
                choice = self.chat(logprobs=True, **options).choices[0]
                records = choice.logprobs.content
                self.assertEqual(b"".join(bytes(each.bytes) for each in records), choice.message.content.encode())
                for each in records:
                    self.assertLessEqual(each.logprob, 0)
                    self.assertEqual(len(each.top_logprobs), count or 0)
                    self.assertLessEqual(sum(2.718281828 ** other.logprob for other in each.top_logprobs), 1 + 1e-6)
                    if count:
                        self.assertEqual(each.top_logprobs[0].token, each.token)  # greedy

    def test_json_schema(self):
        schema = {"type": "object", "properties": {"colour": {"type": "string", "maxLength": 10}}, "required": ["colour"],
                  "additionalProperties": False}
        answer = self.chat(max_tokens=60, response_format={"type": "json_schema", "json_schema": {"name": "c", "schema": schema}})
        self.assertEqual(list(json.loads(answer.choices[0].message.content)), ["colour"])

    def test_contents_in_parts_and_roles(self):
        parts = [{"type": "text", "text": "Name a "}, {"type": "text", "text": "colour."}]
        talk = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]
        self.assertEqual(self.chat(messages=talk).choices[0].message.content, self.chat().choices[0].message.content)
        self.assertEqual(self.chat(max_completion_tokens=3, max_tokens=openai.NOT_GIVEN).usage.completion_tokens, 3)

    def test_an_image_is_refused(self):
        talk = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/x"}}]}]
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat(messages=talk)
        self.assertEqual(caught.exception.param, "messages")


class Completions(Case):
    def test_whole_and_streamed(self):
        for options in OPTIONS:
            options = {key: value for key, value in options.items() if key != "response_format"}
            with self.subTest(options):
                whole = self.complete(**options)
                self.assertEqual((whole.object, len(whole.choices)), ("text_completion", options.get("n", 1)))
                Counted.cases += 1  # streamed
                texts = {}
                for chunk in self.complete(stream=True, **options):
                    for choice in chunk.choices:
                        texts[choice.index] = texts.get(choice.index, "") + choice.text
                self.assertEqual(texts, {choice.index: choice.text for choice in whole.choices})

    def test_log_probabilities(self):
        for count in range(6):
            for echo in False, True:
                with self.subTest((count, echo)):
                    choice = self.complete(logprobs=count, echo=echo).choices[0]
                    told = choice.logprobs
                    self.assertEqual("".join(told.tokens), choice.text)
                    self.assertEqual(choice.text.startswith(PROMPT), echo)
                    for token, offset in zip(told.tokens, told.text_offset):
                        self.assertTrue(choice.text[offset:].startswith(token))
                    for own, top in list(zip(told.token_logprobs, told.top_logprobs))[1 if echo else 0:]:
                        self.assertIn(own, top.values())
                        self.assertLessEqual(len(top), count + 1)


class Errors(Case):
    def test_each_is_the_exception_that_it_should_be(self):
        for options, error, param in [
            ({"temperature": -1}, openai.BadRequestError, "temperature"), ({"n": 100}, openai.BadRequestError, "n"),
            ({"top_p": 0}, openai.BadRequestError, "top_p"), ({"max_tokens": -5}, openai.BadRequestError, "max_tokens"),
            ({"model": "gpt-4"}, openai.NotFoundError, "model"), ({"prompt": [10**8]}, openai.BadRequestError, None),
            ({"extra_body": {"num_beam": 3}}, openai.BadRequestError, "num_beam"),
            ({"extra_body": {"num_beams": 3, "penalty_alpha": 0.5}}, openai.BadRequestError, None),
            ({"prompt": "a " * 9000}, openai.BadRequestError, "prompt"),
        ]:
            with self.subTest(options), self.assertRaises(error) as caught:
                self.client.completions.create(**{"model": self.model, "prompt": PROMPT, **options})
            if param:
                self.assertEqual(caught.exception.param, param)
        too_long = self.assertRaises(openai.BadRequestError)
        with too_long:
            self.complete(prompt="a " * 9000)
        self.assertEqual(too_long.exception.code, "context_length_exceeded")

    def test_a_key(self):
        with Server(env={"DECANT_API_KEY": "right"}) as server:
            url = f"http://127.0.0.1:{server.port}/v1"
            with openai.OpenAI(base_url=url, api_key="wrong", max_retries=0) as client:
                self.assertRaises(openai.AuthenticationError, client.models.list)
            with openai.OpenAI(base_url=url, api_key="right", max_retries=0) as client:
                self.assertEqual(len(client.models.list().data), 1)


class Responses(Case):
    """Answers of /v1/responses are those of a chat, told otherwise."""

    def respond(self, **options):
        return self.client.responses.create(**{"model": self.model, "input": "Name a colour.", "max_output_tokens": 8, **options})

    def test_whole_and_streamed(self):
        for options in [{}, {"instructions": "Be brief."}, {"temperature": 0.9, "extra_body": {"seed": 3}}, {"extra_body": {"num_beams": 3}},
                        {"input": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": [
                            {"type": "input_text", "text": "Name a "}, {"type": "input_text", "text": "colour."}]}]},
                        {"max_output_tokens": 100, "text": {"format": {"type": "json_schema", "name": "c", "schema": {
                            "type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"]}}}}]:
            with self.subTest(options):
                whole = self.respond(**options)
                self.assertEqual((whole.object, whole.model, whole.error), ("response", self.model, None))
                self.assertEqual([each.type for each in whole.output], ["message"])
                self.assertEqual(whole.status, "incomplete" if whole.incomplete_details else "completed")
                self.assertEqual(whole.output[-1].status, whole.status)
                self.assertEqual(whole.usage.total_tokens, whole.usage.input_tokens + whole.usage.output_tokens)
                if "text" in options:
                    self.assertIn(json.loads(whole.output_text), ({"colour": "red"}, {"colour": "blue"}))
                Counted.cases += 2  # streamed, and by the helper
                events = list(self.respond(stream=True, **options))
                self.assertEqual([each.sequence_number for each in events], list(range(len(events))))
                self.assertEqual([each.type for each in events[:4]], ["response.created", "response.in_progress", "response.output_item.added",
                                                                       "response.content_part.added"])
                self.assertEqual(events[-1].type, "response." + whole.status)
                self.assertEqual("".join(each.delta for each in events if each.type == "response.output_text.delta"), whole.output_text)
                told, last = events[-1].response, whole.model_dump()
                for key in "output_text", "status", "usage", "instructions", "temperature":
                    self.assertEqual(getattr(told, key), getattr(whole, key))
                self.assertEqual(last["finish_detail"], told.model_dump()["finish_detail"])
                with self.client.responses.stream(**{"model": self.model, "input": "Name a colour.", "max_output_tokens": 8, **options}) as stream:
                    for _ in stream:
                        pass
                    self.assertEqual(stream.get_final_response().output_text if whole.status == "completed" else whole.output_text, whole.output_text)

    def test_the_text_of_a_chat(self):
        chat = self.chat(messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a colour."}], max_tokens=8)
        self.assertEqual(self.respond(instructions="Be brief.").output_text, chat.choices[0].message.content)

    def test_what_is_refused(self):
        for options, param in [({"previous_response_id": "resp_1"}, "previous_response_id"), ({"background": True}, "background"),
                               ({"include": ["message.output_text.logprobs"]}, "include"), ({"input": []}, "input"), ({"input": [{"type": "x"}]}, "input"),
                               ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "http://127.0.0.1/x"}]}]}, "input"),
                               ({"extra_body": {"n": 2}}, "n"), ({"max_output_tokens": -1}, "max_output_tokens"), ({"extra_body": {"messages": []}}, "messages"),
                               ({"tool_choice": "required"}, "tool_choice"), ({"text": {"format": {"type": "xml"}}}, "text")]:
            with self.subTest(options), self.assertRaises(openai.BadRequestError) as caught:
                self.respond(**options)
            self.assertEqual(caught.exception.param, param)


class Tools(Counted):
    def test_calls(self):
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file, open(MICRO, "rb") as micro:
            file.write(with_text(micro.read(), "tokenizer.chat_template", tools_test.TEMPLATES["tags"].encode()))
            file.flush()
            with Server(model=file.name) as server, \
                    openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0) as client:
                def ask(**options):
                    return client.chat.completions.create(model=client.models.list().data[0].id, messages=TALK, tools=tools_test.TOOLS,
                                                          max_tokens=300, **options)

                said = "Let me see.\n" + tools_test.WRITTEN["tags"](("stop", {}), ("weather", {"city": "Rome", "days": 1}))
                for options, text, names in [
                    ({"tool_choice": "required", "parallel_tool_calls": False}, "", None),
                    ({"tool_choice": {"type": "function", "function": {"name": "stop"}}, "parallel_tool_calls": False}, "", ["stop"]),
                    ({"extra_body": {"grammar": tools_test.literal(said)}}, "Let me see.", ["stop", "weather"]),
                    ({"extra_body": {"grammar": tools_test.literal(said)}, "tool_choice": "none"}, said, []),
                ]:
                    with self.subTest(options):
                        choice = ask(**options).choices[0]
                        found = choice.message.tool_calls or []
                        self.assertEqual(choice.message.content or "", text)
                        self.assertEqual(choice.finish_reason, "tool_calls" if found else "stop")
                        if names is not None:
                            self.assertEqual([each.function.name for each in found], names)
                        for each in found:
                            self.assertEqual((each.type, isinstance(json.loads(each.function.arguments), dict)), ("function", True))
                    with self.subTest(("streamed", options)):
                        streamed, content = [], ""
                        for chunk in ask(stream=True, **options):
                            content += chunk.choices[0].delta.content or ""
                            streamed += chunk.choices[0].delta.tool_calls or []
                        self.assertEqual(content, text)
                        self.assertEqual([each.index for each in streamed], list(range(len(streamed))))
                        self.assertEqual([each.function for each in streamed],
                                         [type(a.function)(**b.function.model_dump()) for a, b in zip(streamed, found, strict=True)])

    def test_calls_in_responses(self):
        flat = [{"type": "function", **each["function"]} for each in tools_test.TOOLS]
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file, open(MICRO, "rb") as micro:
            file.write(with_text(micro.read(), "tokenizer.chat_template", tools_test.TEMPLATES["tags"].encode()))
            file.flush()
            with Server(model=file.name) as server, \
                    openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0) as client:
                model = client.models.list().data[0].id
                said = "Let me see.\n" + tools_test.WRITTEN["tags"](("stop", {}), ("weather", {"city": "Rome", "days": 1}))
                talk = [{"role": "user", "content": "The weather?"}]
                for options, kinds in [({"extra_body": {"grammar": tools_test.literal(said)}}, ["message", "function_call", "function_call"]),
                                       ({"tool_choice": {"type": "function", "name": "weather"}, "parallel_tool_calls": False}, ["function_call"])]:
                    with self.subTest(options):
                        answer = client.responses.create(model=model, input=talk, tools=flat, max_output_tokens=300, **options)
                        self.assertEqual([each.type for each in answer.output], kinds)
                        self.assertEqual(set(json.loads(answer.output[-1].arguments)), {"city", "days"})
                        events = list(client.responses.create(model=model, input=talk, tools=flat, max_output_tokens=300, stream=True, **options))
                        done = [each for each in events if each.type == "response.function_call_arguments.done"]
                        self.assertEqual([each.arguments for each in done], [each.arguments for each in answer.output if each.type == "function_call"])
                        self.assertEqual(events[-1].response.output[-1].name, "weather")
                        results = [{"type": "function_call_output", "call_id": each.call_id, "output": "sun"} for each in answer.output
                                   if each.type == "function_call"]
                        again = client.responses.create(model=model, input=[*talk, *(each.model_dump(exclude_none=True) for each in answer.output), *results],
                                                        tools=flat, max_output_tokens=4)
                        self.assertEqual(again.status, "incomplete")

    def test_a_template_without_tools(self):
        with Server() as server, openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0) as client, \
                self.assertRaises(openai.BadRequestError) as caught:
            client.chat.completions.create(model=client.models.list().data[0].id, messages=TALK, tools=tools_test.TOOLS)
        self.assertEqual(caught.exception.param, "tools")


if __name__ == "__main__":
    serving.main()
