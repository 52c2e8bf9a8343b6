"""The machine under measurement: which one, and what else it does."""
import datetime
import os
import platform
import resource
import time

QUIET = 0.04  # of the processors' time, used by others


class Others:
    """The share of all processors' time that went to other programs; what is waited for with subprocess is ours.

    Threads of most engines spin while they wait, so that another busy program makes them many times slower, each by
    another factor: what was measured beside one says nothing.
    """

    def __enter__(self):
        self.begin = self.now()
        return self

    def __exit__(self, *_):
        busy, ours, wall = (now - then for now, then in zip(self.now(), self.begin))
        self.wall = wall
        self.share = max(0.0, (busy - ours) / (wall * os.cpu_count()))

    @staticmethod
    def now():
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(value) for value in file.readline().split()[1:9]]
        busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # all but idle and waiting for a disk
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return busy, sum(each.ru_utime + each.ru_stime for each in used), time.monotonic()


def today():
    return datetime.date.today().isoformat()


def describe():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        facts = dict(line.split(":", 1) for line in file if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    flags = facts.get("flags", "").split()
    vectors = next((name for flag, name in (("avx512_vnni", "AVX-512 VNNI"), ("avx_vnni", "AVX-VNNI"), ("avx2", "AVX2")) if flag in flags), "")
    return ", ".join(part for part in (facts.get("model name", platform.machine()), f"{os.cpu_count()} processors", vectors) if part)
