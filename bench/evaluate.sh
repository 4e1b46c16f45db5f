#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: evaluate.sh BUILD OUT.json      queries a second of 'ringwall evaluate' on 1,000 rules and 10,000 members,
# against the reference evaluator on the same queries (which must give the same answers)
set -eu
build=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)
exec python3 - "$build/src/main/ringwall" "$out" "$here" <<'PYTHON'
import json, statistics, subprocess, sys, tempfile, time

ringwall, out, here = sys.argv[1:]
QUERIES, FEW, ROUNDS = 400000, 20000, 5
with tempfile.TemporaryDirectory() as folder:
    def run(queries, *more):
        began = time.monotonic()
        answers = subprocess.run([ringwall, "evaluate", "-f", f"{folder}/model.json", "-q", queries, *more],
                                 check=True, capture_output=True).stdout
        return time.monotonic() - began, answers

    with open(f"{folder}/model.json", "w") as model:
        subprocess.run([sys.executable, f"{here}/make_model.py", "1000", "10000", str(QUERIES), f"{folder}/queries"],
                       check=True, stdout=model)
    with open(f"{folder}/queries") as source, open(f"{folder}/few", "w") as few:
        few.writelines(next(source) for _ in range(FEW))
    with open(f"{folder}/none", "w"):
        pass
    rates, reference = [], []
    for _ in range(ROUNDS):  # the time to load the model is measured apart and taken off
        loading, _ = run(f"{folder}/none")
        fast, answers = run(f"{folder}/queries")
        slow, expected = run(f"{folder}/few", "--reference")
        assert answers.splitlines()[:FEW] == expected.splitlines(), "tables and reference differ"
        rates.append(QUERIES / (fast - loading))
        reference.append(FEW / (slow - loading))
result = {"queries_per_second": round(statistics.median(rates)),
          "reference_queries_per_second": round(statistics.median(reference)),
          "ratio": round(statistics.median(a / b for a, b in zip(rates, reference)), 1),
          "rules": 1000, "members": 10000, "target_queries_per_second": 200000}
json.dump(result, open(out, "w"), indent=1)
print(f"evaluate: {result['queries_per_second']:,} queries/s on 1,000 rules ({result['ratio']} x the reference evaluator)")
PYTHON
