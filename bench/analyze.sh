#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: analyze.sh BUILD OUT.json      time of lint, diff, exposure and trace on one interface, as its rules grow
set -eu
"$1/bench/bench-analyze" >"$2"
exec python3 - "$2" <<'PYTHON'
import json, sys

for row in json.load(open(sys.argv[1])):
    print(f"analyze: {row['rules']:>6,} rules, {row['members']:>7,} members: lint {row['lint_ms']:8.1f} ms, diff of 10 rules "
          f"{row['diff_few_ms']:7.1f} ms, of half of them {row['diff_many_ms']:8.1f} ms, exposure {row['exposure_ms']:7.1f} ms, "
          f"of one port {row['exposure_port_ms']:6.2f} ms, trace {row['trace_ms']:5.2f} ms (compile {row['compile_ms']:6.1f} ms)"
          + (f", {row['failed']} failed" if row["failed"] else ""))
PYTHON
