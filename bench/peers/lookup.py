"""Runs in the environment of build/bench: OpenVINO GenAI's prompt lookup on some texts, job on standard input.

A job is {model, threads, lookup, texts: [{text, tokens}]}; the last line is [seconds a token, without the first].
"""
import json
import sys

import openvino_genai


def main():
    job = json.load(sys.stdin)
    options = {"ATTENTION_BACKEND": "PA", "INFERENCE_NUM_THREADS": job["threads"], **({"prompt_lookup": True} if job["lookup"] else {})}
    pipeline = openvino_genai.LLMPipeline(job["model"], "CPU", **options)

    def seconds(text, tokens):
        config = openvino_genai.GenerationConfig(max_new_tokens=tokens, ignore_eos=True)
        config.apply_chat_template = False
        if job["lookup"]:
            config.num_assistant_tokens, config.max_ngram_size = job["lookup"], 3
        metrics = pipeline.generate([text], config).perf_metrics
        whole, first = metrics.get_generate_duration().mean, metrics.get_ttft().mean  # milliseconds
        return (whole - first) / 1000 / (tokens - 1)

    seconds(job["texts"][0]["text"], 4)  # caches are made
    print("\n" + json.dumps([seconds(each["text"], each["tokens"]) for each in job["texts"]]))


if __name__ == "__main__":
    main()
