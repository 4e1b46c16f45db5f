#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: dataplane.sh BUILD OUT.json      accepted and refused packets: no filter, ringwall, nftables, in one run (root)
set -eu
"$1/bench/bench-dataplane" >"$2"
python3 - "$2" <<'PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
print(f"dataplane: ringwall ÷ no filter: UDP {r['udp_filtered_to_unfiltered']:.2f}, TCP connections "
      f"{r['tcp_crr_filtered_to_unfiltered']:.2f}; refused packets: {r['refused_ringwall_to_nftables']:.2f} × nftables, "
      f"{r['refused_ringwall_to_floor']:.2f} × a bare drop")
PYTHON
