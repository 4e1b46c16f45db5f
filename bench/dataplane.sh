#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: dataplane.sh BUILD OUT.json      accepted and refused packets: no filter, ringwall, nftables, in one run (root)
set -eu
"$1/bench/bench-dataplane" >"$2"
python3 - "$2" <<'PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
print("dataplane:", json.dumps(r))
PYTHON
