#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: packet.sh BUILD OUT.json      nanoseconds that the programs take for a packet, by BPF_PROG_TEST_RUN (root)
set -eu
"$1/bench/bench-packet" >"$2"
python3 - "$2" <<'PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
print(f"packet: over an empty program's {r['empty_ns']} ns: refused {r['refused_ns']} ns, accepted and entered {r['accepted_ns']} ns, "
      f"of a known flow {r['established_ns']} ns, always the same {r['same_ns']} ns; floors: {r['loads_ns']} ns for the loads of a refusal, "
      f"{r['place_ns']} ns with a place taken")
PYTHON
