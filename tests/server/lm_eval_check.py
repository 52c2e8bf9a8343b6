"""lm-eval's local-completions against the server and its hf backend on the same F32 weights: lm_eval_check.py PROGRAM [LLAMA_SERVER]

A task of the project's own texts: which of four words goes on. With a Python that has lm-eval[api], torch, transformers
and gguf. LLAMA_SERVER is asked the same in the same run. A campaign of some minutes.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request

import serving
from serving import F32, ROOT, Server

COUNT = int(os.environ.get("DECANT_QUESTIONS", "24"))
TEXTS = ["README.md", "docs/engine.md", "docs/trace.md", "docs/compare.md", "docs/strategies/beam.md"]


def write_task(folder):
    noise = random.Random(11)
    words = [word for name in TEXTS for word in open(os.path.join(ROOT, name)).read().split() if word.isalpha() and len(word) > 3]
    with open(os.path.join(folder, "questions.jsonl"), "w") as file:
        for i in range(COUNT):
            text = open(os.path.join(ROOT, TEXTS[i % len(TEXTS)])).read().split()
            at = noise.choice([j for j in range(30, len(text)) if text[j].isalpha() and len(text[j]) > 3])
            choices = [text[at]] + noise.sample(words, 3)
            noise.shuffle(choices)
            file.write(json.dumps({"context": " ".join(text[at - 25:at]), "choices": choices, "label": choices.index(text[at])}) + "\n")
    with open(os.path.join(folder, "words.yaml"), "w") as file:
        json.dump({"task": "words", "dataset_path": "json",
                   "dataset_kwargs": {"data_files": {"test": os.path.join(folder, "questions.jsonl")}}, "test_split": "test",
                   "output_type": "multiple_choice", "doc_to_text": "context", "doc_to_choice": "choices", "doc_to_target": "label",
                   "metric_list": [{"metric": "acc"}], "metadata": {"version": 1}}, file)  # JSON is YAML


def evaluate(folder, model, arguments):
    import lm_eval
    from lm_eval.tasks import TaskManager
    found = lm_eval.simple_evaluate(model=model, model_args=arguments, tasks=["words"], log_samples=True, batch_size=1,
                                    task_manager=TaskManager(include_path=folder, include_defaults=False))
    return [[tuple(each) for each in sample["filtered_resps"]] for sample in found["samples"]["words"]], found["results"]["words"]["acc,none"]


def save_tokenizer(folder):
    from transformers import AutoTokenizer
    AutoTokenizer.from_pretrained(os.path.dirname(F32), gguf_file=os.path.basename(F32)).save_pretrained(folder)


def main():
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": tempfile.mkdtemp()}
    with tempfile.TemporaryDirectory() as folder:
        write_task(folder)
        tokenizer = os.path.join(folder, "tokenizer")
        save_tokenizer(tokenizer)

        def served(port):
            return evaluate(folder, "local-completions", {"model": "model", "base_url": f"http://127.0.0.1:{port}/v1/completions",
                                                          "tokenizer": tokenizer, "tokenized_requests": True, "num_concurrent": 1})

        theirs, their_score = evaluate(folder, "hf", {"pretrained": os.path.dirname(F32), "gguf_file": os.path.basename(F32),
                                                      "tokenizer": tokenizer, "dtype": "float32", "device": "cpu"})
        with Server("--model-name", "model", model=F32) as server:
            ours, our_score = served(server.port)
        print(f"Hugging Face {their_score:.4f}, decant serve {our_score:.4f}")
        if len(sys.argv) > 2:
            llama = subprocess.Popen([sys.argv[2], "-m", F32, "--port", "8391", "-t", "1", "--alias", "model"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                for _ in range(120):
                    try:
                        urllib.request.urlopen("http://127.0.0.1:8391/health")
                        break
                    except OSError:
                        time.sleep(1)
                print(f"llama-server {served(8391)[1]:.4f}")
            except Exception as error:  # what it answers is not what was asked
                print(f"llama-server: {type(error).__name__}: {str(error)[:200]}")
            finally:
                llama.terminate()
                llama.wait()
    pairs = [(a, b) for mine, his in zip(ours, theirs) for a, b in zip(mine, his)]
    worst = max(abs(a[0] - b[0]) for a, b in pairs)
    same = sum(a[1] == b[1] for a, b in pairs)
    print(f"{len(pairs)} log-likelihoods: largest difference {worst:.1e}, greedy or not the same {same} times")
    assert worst < 1e-2 and same == len(pairs) and our_score == their_score


if __name__ == "__main__":
    serving.PROGRAM = sys.argv[1] if len(sys.argv) > 1 else serving.PROGRAM
    main()
