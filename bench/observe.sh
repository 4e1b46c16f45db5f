#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: observe.sh BUILD OUT.json      what observing flows costs an agent, in processor time (root)
set -eu
"$1/bench/bench-observe" >"$2"
python3 - "$2" <<'PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
print(f"observe: a round of the default flow table: empty {r['empty_ms']} ms, {r['flows']} new flows {r['new_ms']} ms, "
      f"as many known ones {r['known_ms']} ms, all told {r['census_ms']} ms; once a second: ms / 10 = % of a processor")
PYTHON
