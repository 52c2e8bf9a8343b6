"""decant serve beside llama-server, in turn: serving.py DECANT LLAMA_SERVER [MODEL] [--clients 16] [--tokens 128] [--rounds 3]

So many clients at once, each a stream of so many tokens after a prompt of its own of about 100 tokens, greedy. Said of
each: tokens a second of all clients together, and of the clients' waits the median and the 99th percentile: until the first
token, and between two. Each round starts both servers anew; the ratio is of the rounds' medians.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import time
import urllib.request

WORDS = "the lighthouse keeper wrote about ships storms lamps oil fog bells gulls tides rocks and letters to his sister".split()


def prompts(count):
    return [" ".join(WORDS[(i * 7 + j * (i + 3)) % len(WORDS)] for j in range(90)) for i in range(count)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(program, model, port, clients, threads, is_ours):
    if is_ours:
        return [program, "serve", "-m", model, "--port", str(port), "-t", str(threads), "-c", str(clients * 512)]
    return [program, "-m", model, "--port", str(port), "-t", str(threads), "-c", str(clients * 512), "-np", str(clients), "--no-webui"]


async def client(port, prompt, tokens, waits):
    body = json.dumps({"prompt": prompt, "max_tokens": tokens, "temperature": 0, "stream": True, "ignore_eos": True, "model": "",
                       "stream_options": {"include_usage": True}}).encode()
    begin = last = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body)
    written, is_first = 0, True
    async for line in reader:
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        if event.get("usage"):
            written = event["usage"]["completion_tokens"]
        if event.get("choices") and event["choices"][0].get("text"):
            now = time.monotonic()
            waits["first" if is_first else "between"].append(now - (begin if is_first else last))
            last, is_first = now, False
    writer.close()
    assert written == tokens, (written, tokens)
    return written


async def all_clients(port, texts, tokens, waits):
    return sum(await asyncio.gather(*(client(port, text, tokens, waits) for text in texts)))


def measured(program, options, is_ours, waits):
    port = free_port()
    server = subprocess.Popen(command(program, options.model, port, options.clients, options.threads, is_ours),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < until, "the server did not come up"
                time.sleep(0.2)
        asyncio.run(all_clients(port, ["Hello"], 4, {"first": [], "between": []}))
        begin = time.monotonic()
        written = asyncio.run(all_clients(port, prompts(options.clients), options.tokens, waits))
        return written / (time.monotonic() - begin)
    finally:
        server.terminate()
        server.wait(timeout=60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("decant")
    parser.add_argument("llama_server")
    parser.add_argument("model", nargs="?", default="build/models/smollm2-q4_0.gguf")
    for name, value in ("clients", 16), ("tokens", 128), ("rounds", 3), ("threads", len(os.sched_getaffinity(0))):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    rates, waits = {}, {}
    for i in range(options.rounds):
        for name, program in ("decant serve", options.decant), ("llama-server", options.llama_server):
            waits.setdefault(name, {"first": [], "between": []})
            rates.setdefault(name, []).append(measured(program, options, name.startswith("decant"), waits[name]))
            print(f"round {i + 1}, load {os.getloadavg()[0]:.1f}: {name} {rates[name][-1]:.1f} tokens/s", flush=True)
    for name, kinds in waits.items():
        told = []
        for kind, label in ("first", "first token"), ("between", "between tokens"):
            times = sorted(kinds[kind])
            told.append(f"{label} p50 {1000 * statistics.median(times):.0f} ms, p99 {1000 * times[len(times) * 99 // 100]:.0f} ms")
        print(f"{name}: {statistics.median(rates[name]):.1f} tokens/s; {'; '.join(told)}")
    ratios = [a / b for a, b in zip(rates["decant serve"], rates["llama-server"])]
    print(f"ratio: {statistics.median(ratios):.2f} (rounds: {', '.join(f'{each:.2f}' for each in ratios)})")


if __name__ == "__main__":
    main()
