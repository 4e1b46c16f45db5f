#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: run_model.py MODEL.pml CC

Searches all states of every scene of the model by spin: none may break a claim, and the search must be complete.
Then it searches broken variants of the protocol, each of which must break one: so the model can fail.
"""
import os
import re
import subprocess
import sys
import shutil

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import scratch  # noqa: E402

MEGABYTES = 700  # past which a search gives up
SCENES = {"one flow": 1, "two flows and a stranger": 2, "a clock and a sweep": 3}
# What is left out, and the scene in which that shows.
BROKEN = {"rescan": (1, 1), "incarnation": (2, 3), "second look at control": (3, 2), "busy by compare-and-swap": (4, 2),
          "death for good": (5, 1), "second attempt to end": (6, 1)}


def search(model, compiler, scene, broken):
    with scratch.folder() as folder:
        subprocess.run(["spin", f"-DSCENE={scene}", f"-DBROKEN={broken}", "-a", model], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([*compiler, "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEGABYTES}", "-o", "pan", "pan.c"],
                       cwd=folder, check=True)
        # -m: steps of a row, far more than there can be; -b: a row that is cut off is an error.
        return subprocess.run(["./pan", "-m10000", "-b"], cwd=folder, capture_output=True, text=True).stdout


def errors(text):
    found = re.search(r"errors: (\d+)$", text, re.M)
    return int(found.group(1)) if found else None


def is_complete(text):
    return not re.search(r"truncated|max search depth|MEMLIM|out of memory|Search not completed", text)


def main():
    model, compiler = os.path.abspath(sys.argv[1]), sys.argv[2:]
    failed = False
    if not shutil.which("spin"):
        print("spin is not installed: tools/install-deps test")
        return 77
    for name, scene in SCENES.items():
        text = search(model, compiler, scene, 0)
        states = re.search(r"(\d+) states, stored", text)
        good = errors(text) == 0 and is_complete(text) and states and int(states.group(1)) > 10000
        print(f"{name}: {states.group(1) if states else 'no'} states, errors: {errors(text)}")
        if not good:
            print(text)
            failed = True
    for name, (broken, scene) in BROKEN.items():
        text = search(model, compiler, scene, broken)
        claim = re.search(r"assertion violated (.*) \(at depth", text)
        print(f"without {name}: {'breaks ' + claim.group(1) if claim else 'breaks no claim'}")
        if not claim:
            print(text)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
