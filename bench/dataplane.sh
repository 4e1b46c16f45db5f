#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: dataplane.sh BUILD OUT.json      the data plane beside its peers: packets on the wire, in the programs, tables, changes (root)
# ROUNDS (default 15: about six minutes) is how often most is measured; OUT.json has all figures, and rows with value and aim.
set -eu
rounds=${ROUNDS:-15}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
part() { # NAME COMMAND...: its standard output is kept under that name
	name=$1
	shift
	echo "dataplane: measuring $name" >&2
	"$@" >"$folder/$name"
}
part wire "$1/bench/bench-dataplane" "$rounds"
part packet "$1/bench/bench-packet" $((rounds * 3))
part lookup "$1/bench/bench-lookup" $((rounds * 3))
part apply "$1/bench/bench-apply" $((rounds / 3 + 1))
part swaps "$1/bench/bench-swaps"
part flood "$1/bench/bench-syn-flood" $((rounds / 5 + (rounds < 5)))
echo "dataplane: measuring change" >&2
python3 "$(dirname "$0")/change_enforced.py" "$1" "$folder/change" $((rounds * 4)) >/dev/null
exec python3 - "$folder" "$2" <<'PYTHON'
import json, sys

names = ("wire", "packet", "lookup", "apply", "swaps", "flood", "change")
wire, packet, lookup, apply, swaps, flood, change = (json.load(open(f"{sys.argv[1]}/{name}")) for name in names)


def applying(rules, members, shape):
    """What was measured of putting such a policy in force."""
    return next(row for row in apply if (row["rules"], row["members"], row["shape"]) == (rules, members, shape))



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
    ("refused a second, 10,000 rules to 10", wire["refused_many_to_few"], ">=", 0.95),
    ("accepted UDP datagrams a second to unfiltered", wire["udp_filtered_to_unfiltered"], ">=", 0.94),
    ("TCP connect, request, answer, close to unfiltered", wire["tcp_crr_filtered_to_unfiltered"], ">=", 0.98),
    ("time of a request and its answer to unfiltered, median", wire["tcp_rr_time_filtered_to_unfiltered"], "<=", 1.02),
    ("iperf3, one stream to unfiltered", wire["iperf1_filtered_to_unfiltered"], ">=", 0.97),
    ("iperf3, eight streams to unfiltered", wire["iperf8_filtered_to_unfiltered"], ">=", 0.97),
    ("one TCP stream to unfiltered, our own measure", wire["stream1_filtered_to_unfiltered"], ">=", 0.97),
    ("eight TCP streams to unfiltered, our own measure", wire["stream8_filtered_to_unfiltered"], ">=", 0.97),
]
for rate, words in (("paced", "a flood of 100,000 SYNs a second"), ("full", "a flood of SYNs at full rate")):
    rows += [
        (f"of 1,000 connections broken in {words}", flood[f"{rate}_ringwall_broken"], "<=", 0),
        (f"bytes on them unanswered for 2 s in {words}", flood[f"{rate}_ringwall_stalled"], "<=", 0),
        (f"new connections a second to unfiltered in {words}", flood[f"{rate}_new_filtered_to_unfiltered"], ">=", 0.8),
        (f"the same by a second of processor time in {words}", flood[f"{rate}_new_cpu_filtered_to_unfiltered"], ">=", 0.8),
    ]
rows += [
    ("1,000 rules, 100,000 members compiled and loaded, ms", applying(1000, 100000, "sparse")["full_ms"], "<=", 40),
    ("10,000 rules, 100,000 clustered members compiled and loaded, ms", applying(10000, 100000, "clustered")["full_ms"], "<=", 500),
    ("one member, in process, us", applying(1000, 1000, "clustered")["member_us"], "<=", 10),
    ("one rule, in process, ms", applying(1000, 1000, "clustered")["rule_ms"], "<=", 1),
    (f"accepted packets lost in {swaps['swaps']:,} swaps", swaps["accepted_lost"], "<=", 0),
    (f"refused packets passed in {swaps['swaps']:,} swaps", swaps["refused_passed"], "<=", 0),
    ("change to enforced by the API, 1,000 rules, 10,000 members, ms", change["api_ms"]["all"], "<=", 2),
    ("the same with 10,000 rules and 100,000 members, to that", change["large_to_small"], "<=", 1.2),
    ("packets against an acknowledgement", change["packets_against_the_acknowledgement"], "<=", 0),
    ("agent's memory, 1,000 rules and 10,000 members, MB, mapped arrays apart", change["agent_rss_mb"], "<=", 8),
]
result = wire | {"packet": packet, "lookup": lookup, "apply": apply, "swaps": swaps, "flood": flood, "change": change, "rows": [
    {"measure": measure, "value": value, "aim": f"{sign} {aim}", "met": value <= aim if sign == "<=" else value >= aim}
    for measure, value, sign, aim in rows]}
json.dump(result, open(sys.argv[2], "w"), indent=1)
for row in result["rows"]:
    print(f"dataplane: {row['measure']}: {row['value']:g} (aim: {row['aim']}{'' if row['met'] else ', not reached'})")
PYTHON
