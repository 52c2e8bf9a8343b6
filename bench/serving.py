"""decant serve beside llama-server, in turn: serving.py DECANT LLAMA_SERVER [MODEL] [--clients 16] [--tokens 128] [--rounds 3]

So many clients at once, each a stream of so many tokens after a prompt of its own of about 100 tokens, greedy. Said of
each: tokens a second of all clients together, and of the clients' waits the median and the 99th percentile: until the first
token, and between two. Each round starts both servers anew; the ratios are of the two servers of a round, and their median.
Beside the tokens a second stand those of a second of the server's processors, which others' work on the machine touches less
(with one thread: two that wait for each other compute while they wait).
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


def computed(pid):
    """Seconds of a processor that a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        times = file.read().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def measured(program, options, is_ours, waits):
    """Tokens a second, and tokens a second of a processor."""
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
        begin, before = time.monotonic(), computed(server.pid)
        written = asyncio.run(all_clients(port, prompts(options.clients), options.tokens, waits))
        return written / (time.monotonic() - begin), written / (computed(server.pid) - before)
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
            rate, of_processor = rates[name][-1]
            print(f"round {i + 1}, load {os.getloadavg()[0]:.1f}: {name} {rate:.1f} tokens/s, {of_processor:.1f} of a processor", flush=True)
    for name, kinds in waits.items():
        told = []
        for kind, label in ("first", "first token"), ("between", "between tokens"):
            times = sorted(kinds[kind])
            told.append(f"{label} p50 {1000 * statistics.median(times):.0f} ms, p99 {1000 * times[len(times) * 99 // 100]:.0f} ms")
        rate, of_processor = (statistics.median(each) for each in zip(*rates[name]))
        print(f"{name}: {rate:.1f} tokens/s, {of_processor:.1f} of a processor; {'; '.join(told)}")
    for at, label in enumerate(("tokens/s", "of a processor")):
        ratios = [a[at] / b[at] for a, b in zip(rates["decant serve"], rates["llama-server"])]
        print(f"ratio, {label}: {statistics.median(ratios):.2f} (rounds: {', '.join(f'{each:.2f}' for each in ratios)})")


if __name__ == "__main__":
    main()
