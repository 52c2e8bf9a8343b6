"""What models write in their notations, and what is to be read of it: llama.cpp's cases (tests/test-chat.cpp) for the templates
whose notations are known here, as far as they are about whole answers.

Where decant means it otherwise: the blanks before a call are no part of the text; a thought that the prompt has begun is none where a grammar writes the answer; and
texts that end within a call are texts.
"""


def function(name, required=(), **properties):
    named = {key: {"type": value} if isinstance(value, (str, list)) else value for key, value in properties.items()}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": {
        "type": "object", "properties": named, "required": list(required)}}}


TOOLS = {tool["function"]["name"]: tool for tool in [
    function("special_function", ["arg1"], arg1="integer"),
    function("special_function_with_opt", ["arg1"], arg1="integer", arg2="integer"),
    function("empty_args"),
    {"type": "function", "function": {"name": "empty_args_no_schema", "description": "nothing", "parameters": {}}},
    function("python", ["code"], code="string"),
    function("html", ["markup"], markup="string"),
    function("get_time", ["city"], city="string"),
    function("get_weather", ["city"], city="string"),
    function("todo_list", ["todos"], todos="array"),
    function("edit", ["filename", "oldString", "newString"], filename="string", oldString="string", newString="string", replaceAll="boolean"),
    function("toggle", ["enabled"], enabled="boolean"),
    function("set_nullable", ["value"], value=["string", "null"]),
    function("set_nullable_int", ["count"], count=["integer", "null"]),
    function("set_config", ["config"], config="object"),
    function("set_union", ["value", "amount"], value=["string", "object"], amount=["string", "integer"]),
    function("set_unit", ["unit"], unit={"enum": ["celsius", "fahrenheit"]}),
    function("Calendar.create_event", ["title"], title="string", participants="array", metadata="object"),
    function("tool_2req_4opt", ["req1", "req2"], req1="string", req2="integer", opt1="string", opt2="integer", opt3="string", opt4="integer"),
    function("read_file_diff_md", [], review_id="string", file_id="string"),
]}


def coder(name, *arguments):
    return f"<tool_call>\n<function={name}>\n" + "".join(f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in arguments) + "</function>\n</tool_call>"


HELLO = "Hello, world!\nWhat's up?"
SPECIAL = [("special_function", {"arg1": 1})]
OPTIONAL = [*SPECIAL, ("special_function_with_opt", {"arg1": 1, "arg2": 2})]

# Template: texts, and of each what is said, the calls, and what is thought.
CASES = {
    "Qwen3-Coder": [
        (HELLO, HELLO, []),
        (coder("special_function", ("arg1", 1)), "", SPECIAL),
        (coder("special_function", ("arg1", 1)).replace("<tool_call>\n", ""), "", SPECIAL),
        ("Let me call it.\n" + coder("special_function", ("arg1", 1)).replace("<tool_call>\n", ""), "Let me call it.", SPECIAL),
        (coder("special_function", ("arg1", 1)).replace("<tool_call>\n", "") + "\n" +
         coder("special_function_with_opt", ("arg1", 1), ("arg2", 2)), "", OPTIONAL),
        (coder("special_function", ("arg1", 1)) + "\n" + coder("special_function_with_opt", ("arg1", 1), ("arg2", 2)), "", OPTIONAL),
        (coder("python", ("code", 'def hello():\n    print("Hello, world!")\n\nhello()')), "",
         [("python", {"code": 'def hello():\n    print("Hello, world!")\n\nhello()'})]),
        (coder("python", ("code", "格")), "", [("python", {"code": "格"})]),
        (coder("html", ("markup", "<html>\n <head>\n  <title>Hello!</title>\n </head>\n</html>")), "",
         [("html", {"markup": "<html>\n <head>\n  <title>Hello!</title>\n </head>\n</html>"})]),
        (coder("todo_list", ("todos", '[{"item": "Check stuff", "selected": false}, {"item": "Prepare stuff", "selected": true}]')), "",
         [("todo_list", {"todos": [{"item": "Check stuff", "selected": False}, {"item": "Prepare stuff", "selected": True}]})]),
        (coder("edit", ("newString", "#include"), ("filename", "foo.c"), ("oldString", "#iclunde")), "",
         [("edit", {"newString": "#include", "filename": "foo.c", "oldString": "#iclunde"})]),
        (coder("tool_2req_4opt", ("req2", 42), ("req1", "hello"), ("opt2", 200)), "", [("tool_2req_4opt", {"req2": 42, "req1": "hello", "opt2": 200})]),
        (coder("set_nullable", ("value", "hello world")), "", [("set_nullable", {"value": "hello world"})]),
        (coder("set_nullable", ("value", "null")), "", [("set_nullable", {"value": None})]),
        (coder("set_nullable_int", ("count", 42)), "", [("set_nullable_int", {"count": 42})]),
        (coder("set_union", ("value", '{"a": 1}'), ("amount", "2 dollars")), "", [("set_union", {"value": {"a": 1}, "amount": "2 dollars"})]),
        (coder("set_union", ("value", "{not valid json"), ("amount", 42)), "", [("set_union", {"value": "{not valid json", "amount": 42})]),
        (coder("set_unit", ("unit", "celsius")), "", [("set_unit", {"unit": "celsius"})]),
        (coder("python", ("code", "42")), "", [("python", {"code": "42"})]),
        (coder("toggle", ("enabled", "True")), "", [("toggle", {"enabled": True})]),  # as its template writes it
        ("<tool_call>\n<function=python>\n<parameter=code>\n1 < 2", "<tool_call>\n<function=python>\n<parameter=code>\n1 < 2", []),
    ],
    "Qwen3.5-4B": [(coder("special_function", ("arg1", 1)), "", SPECIAL)],
    "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": [(coder("special_function", ("arg1", 1)), "", SPECIAL)],
    "GLM-4.6": [
        ("<tool_call>special_function\n<arg_key>arg1</arg_key>\n<arg_value>1</arg_value>\n</tool_call>", "", SPECIAL),
        ("I look.\n<tool_call>get_time\n<arg_key>city</arg_key>\n<arg_value>Paris \n</arg_value>\n</tool_call>", "I look.",
         [("get_time", {"city": "Paris \n"})]),
    ],
    "GLM-4.7-Flash": [
        (HELLO, HELLO, []),
        ("<tool_call>special_function<arg_key>arg1</arg_key><arg_value>1</arg_value></tool_call>", "", SPECIAL),
        ("I'm\nthinking</think><tool_call>special_function<arg_key>arg1</arg_key><arg_value>1</arg_value></tool_call>", "I'm\nthinking</think>", SPECIAL),
        ("<tool_call>special_function<arg_key>arg1</arg_key><arg_value>1</arg_value></tool_call><tool_call>special_function_with_opt<arg_key>arg1</arg_key>"
         "<arg_value>1</arg_value><arg_key>arg2</arg_key><arg_value>2</arg_value></tool_call>", "", OPTIONAL),
        ("Let me read.</think><tool_call>read_file_diff_md</tool_call>", "Let me read.</think>", [("read_file_diff_md", {})]),
    ],
    "deepseek-ai-DeepSeek-V3.1": [
        ('<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{"city": "XYZCITY"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>', "",
         [("get_time", {"city": "XYZCITY"})]),
        ('REASONING</think>CONTENT<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜>'
         '<｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>', "REASONING</think>CONTENT",
         [("get_time", {"city": "Paris"}), ("get_weather", {"city": "Paris"})]),
        ("CONTENT", "CONTENT", []),
    ],
    "llama-cpp-deepseek-r1": [
        ('</think><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>special_function\n```json\n{"arg1": 1}```<｜tool▁call▁end｜>'
         "<｜tool▁calls▁end｜>", "</think>", SPECIAL),
        (HELLO, HELLO, []),
    ],
    "LFM2-8B-A1B": [
        (HELLO, HELLO, []),
        ("<|tool_call_start|>[special_function(arg1=1)]<|tool_call_end|>", "", SPECIAL),
        ('<|tool_call_start|>[get_time(city="XYZCITY")]<|tool_call_end|>', "", [("get_time", {"city": "XYZCITY"})]),
        ("<|tool_call_start|>[toggle(enabled=True)]<|tool_call_end|>", "", [("toggle", {"enabled": True})]),
        ("<|tool_call_start|>[set_nullable(value=None)]<|tool_call_end|>", "", [("set_nullable", {"value": None})]),
        ('<|tool_call_start|>[set_config(config={"enabled": True, "count": 3})]<|tool_call_end|>', "",
         [("set_config", {"config": {"enabled": True, "count": 3}})]),
        ('<|tool_call_start|>[set_config(config={"enabled": true, "note": null})]<|tool_call_end|>', "",
         [("set_config", {"config": {"enabled": True, "note": None}})]),
        ('<|tool_call_start|>[Calendar.create_event(title="demo", participants=["Alice", "Bob"], metadata={"priority": "high", "reminder": true})]'
         "<|tool_call_end|>", "",
         [("Calendar.create_event", {"title": "demo", "participants": ["Alice", "Bob"], "metadata": {"priority": "high", "reminder": True}})]),
        ("Use this format: [link text](url). Example: [Wikipedia](https://www.wikipedia.org).",
         "Use this format: [link text](url). Example: [Wikipedia](https://www.wikipedia.org).", []),
        ("<|tool_call_start|>[python(code=\"def hello():\\n    print('hey')\")]<|tool_call_end|>", "",
         [("python", {"code": "def hello():\n    print('hey')"})]),
        ('<|tool_call_start|>[python(code="First line\\nSecond line\\tindented")]<|tool_call_end|>', "",
         [("python", {"code": "First line\nSecond line\tindented"})]),
        ('<|tool_call_start|>[python(code="print(\\"hi\\")")]<|tool_call_end|>', "", [("python", {"code": 'print("hi")'})]),
        ("<|tool_call_start|>[python(code='\\u00e9\\xe9\\ud83d\\ude00')]<|tool_call_end|>", "", [("python", {"code": "éé😀"})]),
        ('Let me check the time.<|tool_call_start|>[get_time(city="Paris")]<|tool_call_end|>', "Let me check the time.", [("get_time", {"city": "Paris"})]),
        ("<|tool_call_start|>[special_function(arg1=1), special_function_with_opt(arg1=1, arg2=2)]<|tool_call_end|>", "", OPTIONAL),
        ("<|tool_call_start|>[special_function(arg1=", "<|tool_call_start|>[special_function(arg1=", []),
        ("<|tool_call_start|>[special_function(arg1=1", "<|tool_call_start|>[special_function(arg1=1", []),
        ("<|tool_call_start|>[empty_args()]<|tool_call_end|>", "", [("empty_args", {})]),
    ],
    "LFM2.5-8B-A1B": [
        ("<think>I'm\nthinking</think><|tool_call_start|>[special_function(arg1=1)]<|tool_call_end|>", "", SPECIAL, "I'm\nthinking"),
    ],
    "mistralai-Ministral-3-14B-Reasoning-2512": [
        ('[TOOL_CALLS]special_function[ARGS]{"arg1":1}', "", SPECIAL),
        ('[TOOL_CALLS]special_function[ARGS]{"arg1": 1}[TOOL_CALLS]special_function_with_opt[ARGS]{"arg1": 1, "arg2": 2}', "", OPTIONAL),
    ],
    "mistralai-Mistral-Nemo-Instruct-2407": [
        ('[TOOL_CALLS][{"name": "special_function", "arguments": {"arg1": 1}, "id": "123456789"}]', "", SPECIAL),
        ('I call.[TOOL_CALLS][{"name": "special_function", "arguments": {"arg1": 1}}]', "I call.", SPECIAL),
    ],
    "Qwen-Qwen2.5-7B-Instruct": [
        (HELLO, HELLO, []),
        ('<tool_call>\n{"name": "special_function", "arguments": {"arg1": 1}}\n</tool_call>', "", SPECIAL),
    ],
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use": [
        ('<tool_call>\n{"name": "special_function", "arguments": {"arg1": 1}}\n</tool_call>', "", SPECIAL),
    ],
    "meta-llama-Llama-3.1-8B-Instruct": [
        (HELLO, HELLO, []),
        ('{"name": "special_function", "parameters": {"arg1": 1}}', "", SPECIAL),
    ],
    "openai-gpt-oss-120b": [
        (f"<|channel|>final<|message|>{HELLO}", HELLO, []),
        (f"<|channel|>commentary<|message|>{HELLO}", HELLO, []),
        (HELLO, HELLO, []),
        (f"<|channel|>analysis<|message|>I'm\nthinking<|end|><|start|>assistant<|channel|>final<|message|>{HELLO}", HELLO, [], "I'm\nthinking"),
        ("<|channel|>analysis<|message|>I'm\nthinking", "", [], "I'm\nthinking"),
        (' to=functions.special_function<|channel|>analysis<|message|>{"arg1": 1}', "", SPECIAL),
        ('<|channel|>analysis to=functions.special_function<|message|>{"arg1": 1}', "", SPECIAL),
        (' to=functions.special_function<|channel|>analysis <|constrain|>json<|message|>{"arg1": 1}', "", SPECIAL),
        ('<|channel|>commentary to=functions.special_function<|message|>{"arg1": 1}', "", SPECIAL),
        ("<|channel|>analysis<|message|>I'm\nthinking<|end|><|start|>assistant to=functions.special_function<|channel|>analysis<|message|>"
         '{"arg1": 1}', "", SPECIAL, "I'm\nthinking"),
        ("<|channel|>analysis<|message|>Thinking about edit...<|end|><|start|>assistant<|channel|>commentary to=functions.edit <|constrain|>json"
         '<|message|>{"oldString": "if (part < railCount - 1) {", "newString": "if (part < 4) {", "replaceAll": false}', "",
         [("edit", {"oldString": "if (part < railCount - 1) {", "newString": "if (part < 4) {", "replaceAll": False})], "Thinking about edit..."),
        ("<|channel|>analysis<|message|>I need to output the invoice details in JSON<|end|><|start|>assistant<|channel|>final <|constrain|>json"
         '<|message|>{"amount": 123.45, "date": "2025-12-03"}', '{"amount": 123.45, "date": "2025-12-03"}', [],
         "I need to output the invoice details in JSON"),
        ("<|channel|>analysis<|message|>I will execute python to say hello<|end|><|start|>assistant to=container.exec<|channel|>commentary"
         "<|message|>python3 -c 'print(\"hello\")'", "", [], "I will execute python to say hello"),
        ("<|channel|>analysis<|message|>I will execute python to say hello<|end|><|start|>assistant<|channel|>commentary to=python "
         '<|constrain|>code<|message|>print("hello")', "", [], "I will execute python to say hello"),
        ("<|channel|>commentary to=assistant<|channel|>analysis<|message|>I'm\nthinking<|end|><|start|>assistant<|channel|>final<|message|>" + HELLO,
         HELLO, [], "I'm\nthinking"),
        ("<|channel|>analysis<|message|>I'm\nthinking<|end|><|start|>assistant<|channel|>commentary to=assistant<|channel|>final<|message|>" + HELLO,
         HELLO, [], "I'm\nthinking"),
        ("<|channel|>commentary to=functions.special_function<|message|>not JSON", "not JSON", []),
    ],
}
