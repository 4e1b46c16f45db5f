#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: audit.sh BUILD OUT.json      time to audit 1,000 clusters of 200 rules and 50 nodes each, on one core
set -eu
"$1/bench/bench-audit" >"$2"
exec python3 - "$2" <<'PYTHON'
import json, sys

row = json.load(open(sys.argv[1]))
print(f"audit: {row['clusters']:,} clusters x {row['rules']} rules x {row['nodes']} nodes: {row['audit_ms'] / 1000:.2f} s (aim: 5 s), "
      f"{row['findings']:,} findings; looking at each rule by itself {row['scan_ms']:.0f} ms")
PYTHON
