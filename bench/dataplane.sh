#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: dataplane.sh BUILD OUT.json      the data plane beside its peers: packets on the wire, in the programs, tables (root)
# ROUNDS (default 15) is how often everything is measured; OUT.json has all figures, and rows with value and aim.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1/bench/bench-dataplane" "${ROUNDS:-15}" >"$folder/wire"
"$1/bench/bench-packet" "$((${ROUNDS:-15} * 3))" >"$folder/packet"
"$1/bench/bench-lookup" "$((${ROUNDS:-15} * 3))" >"$folder/lookup"
"$1/bench/bench-classify" >"$folder/classify"
exec python3 - "$folder" "$2" <<'PYTHON'
import json, sys

wire, packet, lookup, classify = (json.load(open(f"{sys.argv[1]}/{name}")) for name in ("wire", "packet", "lookup", "classify"))


def compiling(rules, members, shape):
    """Milliseconds to compile such a policy, or None."""
    return next((row["compile_ms"] for row in classify
                 if (row["rules"], row["members"], row["shape"]) == (rules, members, shape)), None)


# Measure, value, aim; the sign says on which side of the aim the value should be.
rows = [
    ("established packet of one flow, ns over an empty program", packet["same_ns"], "<=", 28),
    ("new flow refused, ns over an empty program", packet["refused_ns"], "<=", 48),
    ("new flow accepted and entered, ns over an empty program", packet["accepted_ns"], "<=", 100),
    ("10,000 rules and 100,000 members to 10 rules, refused", packet["refused_large_to_small"], "<=", 1.2),
    ("10,000 rules and 100,000 members to 10 rules, accepted", packet["accepted_large_to_small"], "<=", 1.35),
    ("the kernel's LPM trie to an address look-up, 100,000 scattered addresses", lookup["trie_to_table"], ">=", 7),
    ("table of 100,000 scattered addresses, MB", lookup["table_mb"], "<=", 16),
    ("refused a second, early stage to a bare drop at XDP", wire["refused_early_to_floor"], ">=", 0.85),
    ("refused a second, early stage to a drop at XDP that reads the source", wire["refused_early_to_reading_floor"], ">=", 0.85),
    ("refused a second, early stage to nftables", wire["refused_early_to_nftables"], ">=", 12),
    ("refused a second, tc to a bare drop at tc", wire["refused_ringwall_to_floor"], ">=", 0.93),
    ("refused a second, tc to nftables", wire["refused_ringwall_to_nftables"], ">=", 4),
    ("refused a second, 10,000 rules to 1,000", wire["refused_many_to_ringwall"], ">=", 0.95),
    ("accepted UDP datagrams a second to unfiltered", wire["udp_filtered_to_unfiltered"], ">=", 0.94),
    ("TCP connect, request, answer, close to unfiltered", wire["tcp_crr_filtered_to_unfiltered"], ">=", 0.98),
    ("time of a request and its answer to unfiltered, median", wire["tcp_rr_time_filtered_to_unfiltered"], "<=", 1.02),
    ("one TCP stream to unfiltered", wire["stream1_filtered_to_unfiltered"], ">=", 0.97),
    ("eight TCP streams to unfiltered", wire["stream8_filtered_to_unfiltered"], ">=", 0.97),
    ("new connections a second in a flood of SYNs to unfiltered", wire["flooded_filtered_to_unfiltered"], ">=", 0.8),
    ("compile 1,000 rules, 100,000 members, ms", compiling(1000, 100000, "sparse"), "<=", 40),
    ("compile 10,000 rules, 100,000 clustered members, ms", compiling(10000, 100000, "clustered"), "<=", 500),
]
result = wire | {"packet": packet, "lookup": lookup, "classify": classify, "rows": [
    {"measure": measure, "value": value, "aim": f"{sign} {aim}", "met": value <= aim if sign == "<=" else value >= aim}
    for measure, value, sign, aim in rows if value is not None]}
json.dump(result, open(sys.argv[2], "w"), indent=1)
for row in result["rows"]:
    print(f"dataplane: {row['measure']}: {row['value']:g} (aim: {row['aim']}{'' if row['met'] else ', not reached'})")
PYTHON
