#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: classify.sh BUILD OUT.json      time to compile policies of 10 to 10,000 rules, size of the tables, look-ups a second
set -eu
"$1/bench/bench-classify" >"$2"
exec python3 - "$2" <<'PYTHON'
import json, sys

for row in json.load(open(sys.argv[1])):
    print(f"classify: {row['rules']:>6,} rules, {row['members']:>7,} members {row['shape']:<9}: compile {row['compile_ms']:7.2f} ms, "
          f"rule {row['rule_us']:7.1f} us, member {row['member_us']:5.1f} us, table {row['table_kb']:>5,} kB, {row['lookups_per_s'] / 1e6:4.1f} M look-ups/s")
PYTHON
