# SPDX-License-Identifier: Apache-2.0
"""What the peers have in common: options, timing, output.

Times are the device's own, between two CUDA events around as many calls as fill a round; the host only waits for the second.
A case is warmed up first (kernels are chosen and compiled, the clock rises, the allocator fills its cache), then measured in
rounds. Its score is the median of the rounds, its spread the lowest and the highest.

With --smoke everything runs once, in tiny shapes, on the CPU: whether it runs at all can then be told without a GPU. Such
output is marked and no measurement.
"""

import argparse
import json
import statistics
import sys
import time

import torch


def options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE too")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--case", metavar="TEXT", default="", help="only cases whose name contains TEXT")
    parser.add_argument("--smoke", action="store_true", help="tiny shapes on the CPU; measures nothing")
    arguments = parser.parse_args()
    if not arguments.smoke and not torch.cuda.is_available():
        sys.exit("PyTorch sees no CUDA device; --smoke runs tiny shapes on the CPU")
    torch.manual_seed(0)
    return arguments


class Bench:
    """The rows of one peer."""

    def __init__(self, suite, arguments):
        self.suite = suite
        self.arguments = arguments
        self.smoke = arguments.smoke
        self.device = "cpu" if self.smoke else "cuda"
        self.rounds = 1 if self.smoke else 3 if arguments.quick else 7
        self.round_seconds = 0.0 if self.smoke else 0.1 if arguments.quick else 0.4
        self.rows = []

    def wanted(self, case):
        return self.arguments.case in case

    def pick(self, full, tiny):
        return tiny if self.smoke else full

    def time(self, call, count):
        """Seconds of one call, over count calls."""
        if self.smoke:
            start = time.perf_counter()
            for _ in range(count):
                call()
            return (time.perf_counter() - start) / count
        begin = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(count):
            call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e-3 / count

    def measure(self, case, unit, call, work, inverse=True, warm_up=3, **facts):
        """Measures call(), which does `work` units of work; the score is work per second, or with inverse=False seconds.

        Rounds are filled with short calls only: one that takes longer than a round is a round.
        """
        if not self.wanted(case):
            return
        if not self.smoke:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        for _ in range(1 if self.smoke else warm_up):
            call()
        once = self.time(call, 1)
        count = max(1, int(self.round_seconds / once)) if once > 0 else 1
        rounds = self.rounds if once < 5 else 1 if self.arguments.quick else 3
        seconds = [self.time(call, count) for _ in range(rounds)]
        scores = [work / s if inverse else s for s in seconds]
        self.add(case, unit, scores, **facts)

    def add(self, case, unit, scores, **facts):
        row = {
            "suite": self.suite,
            "side": "torch",
            "case": case,
            "unit": unit,
            "score": significant(statistics.median(scores)),
            "spread": [significant(min(scores)), significant(max(scores))],
            "rounds": len(scores),
        }
        row.update(facts)
        if self.smoke:
            row["smoke"] = True
        else:
            row["peak_memory_bytes"] = torch.cuda.max_memory_allocated()
            row["device"] = torch.cuda.get_device_name()
        row["torch"] = torch.__version__
        self.rows.append(row)
        print(json.dumps(row), flush=True)
        if self.arguments.json:  # after each row: what was measured is kept if the next case is killed
            with open(self.arguments.json, "w", encoding="utf-8") as file:
                json.dump(self.rows, file, indent=1)


def significant(value):
    return float(f"{value:.5g}")
