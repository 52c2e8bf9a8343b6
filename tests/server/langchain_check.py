"""LangChain's OpenAI classes against the server: langchain_check.py PROGRAM   (with a Python that has langchain-openai)"""

import sys

import serving
from langchain_openai import ChatOpenAI, OpenAI
from serving import DEFAULT, Server


def main():
    with Server(model=DEFAULT) as server:
        place = {"base_url": f"http://127.0.0.1:{server.port}/v1", "api_key": "none", "model": server.json("/v1/models")[1]["data"][0]["id"]}
        chat = ChatOpenAI(**place, max_tokens=20, temperature=0, extra_body={"num_beams": 2})
        talk = [("system", "Be brief."), ("human", "What is the capital of France?")]
        whole = chat.invoke(talk)
        assert "Paris" in whole.content and whole.usage_metadata["output_tokens"] > 0, whole
        assert "".join(each.content for each in chat.stream(talk)) == whole.content
        assert [each.content for each in chat.batch([talk, talk])] == [whole.content] * 2
        schema = {"title": "answer", "type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"],
                  "additionalProperties": False}
        found = ChatOpenAI(**place, temperature=0, max_tokens=60).with_structured_output(schema, method="json_schema").invoke(talk)
        assert list(found) == ["city"], found
        text = OpenAI(**place, max_tokens=8, temperature=0)
        assert "".join(text.stream("The capital of France is")) == text.invoke("The capital of France is")
    print("LangChain: chat, stream, batch, structured output, completions")


if __name__ == "__main__":
    serving.PROGRAM = sys.argv[1] if len(sys.argv) > 1 else serving.PROGRAM
    main()
