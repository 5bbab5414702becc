#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares two safetensors files of F32 tensors: compare-safetensors.py EXPECTED ACTUAL TOLERANCE

For each tensor the difference is measured as norm(actual - expected) / norm(expected), which a wrong element in a large tensor
cannot hide behind as long as the tolerance is far below 1 / sqrt(elements), and which rounding in another order of summation
keeps near 1e-7. Needs nothing but Python. Ends with 1 if a tensor differs by more, is missing, has another shape, or is not
finite.
"""

import array
import json
import math
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            sys.exit(f"{path}: {name} is {entry['dtype']}, not F32")
        begin, end = entry["data_offsets"]
        values = array.array("f")
        values.frombytes(body[begin:end])
        if sys.byteorder == "big":
            values.byteswap()
        tensors[name] = (entry["shape"], values)
    return tensors


def difference(expected, actual):
    error = math.fsum((a - b) * (a - b) for a, b in zip(actual, expected))
    size = math.fsum(b * b for b in expected)
    return math.sqrt(error / size) if size > 0 else math.sqrt(error)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    expected, actual = read(sys.argv[1]), read(sys.argv[2])
    tolerance = float(sys.argv[3])
    problems = [f"{name} is in one file only" for name in sorted(expected.keys() ^ actual.keys())]
    worst, where = 0.0, "none"
    for name in sorted(expected.keys() & actual.keys()):
        shape, values = expected[name]
        if actual[name][0] != shape:
            problems.append(f"{name} has shape {actual[name][0]}, not {shape}")
            continue
        found = difference(values, actual[name][1])
        if not found <= tolerance:  # NaN too
            problems.append(f"{name} differs by {found:.3g}, more than {tolerance:g}")
        elif found >= worst:
            worst, where = found, name
    if not expected:
        problems.append("there is nothing to compare")
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)
    print(f"{len(expected)} tensors agree; the largest difference is {worst:.2e}, of {where}")


main()
