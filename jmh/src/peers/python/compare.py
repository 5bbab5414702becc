#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the rows of both sides next to each other: compare.py [--out ALL.json] FILE...

Rows with the same suite, case and unit belong together. Prints a Markdown table with the ratio, above 1 where Jacobian is
faster; a case that only one side measured stands there without. Files that do not exist are passed over.
"""

import argparse
import json
import os


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", metavar="FILE", help="all rows as one JSON array")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.files:
        if os.path.exists(name):
            with open(name, encoding="utf-8") as file:
                rows += json.load(file)
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    cases = {}
    for row in rows:
        cases.setdefault((row["suite"], row["case"], row["unit"]), {})[row["side"]] = row
    print("| suite | case | unit | jacobian | torch | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (suite, case, unit), sides in cases.items():
        ours, theirs = sides.get("jacobian"), sides.get("torch")
        ratio = ""
        if ours and theirs:
            value = ours["score"] / theirs["score"]
            ratio = f"{1 / value if unit == 's' else value:.2f}"
        print(f"| {suite} | {case} | {unit} | {text(ours)} | {text(theirs)} | {ratio} |")
    if any(row.get("smoke") for row in rows):
        print("\nTiny shapes on the CPU: no measurement.")


def text(row):
    if row is None:
        return ""
    low, high = row["spread"]
    return f"{row['score']:.4g} ({low:.4g} to {high:.4g})"


main()
