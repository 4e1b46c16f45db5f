#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: make_model.py RULES MEMBERS [QUERIES QUERY_FILE] > model.json

A model of the size that benchmarks ask for: one VPC cluster `bench` with one enforced node `node-1`, RULES rules, up to 995 in
the cluster's group and in each further one of the node (nine of ten name CIDRs, most others a prefix list), and MEMBERS
scattered addresses in groups of up to 10,000, `members` and so on, which rules of every group name.  With QUERIES it
also writes that many random queries about node-1.  The same arguments give the same bytes.
"""
import json
import random
import sys


def identifier(prefix, number):
    return f"{prefix}{number:016x}"


PER_GROUP, MEMBERS_PER_GROUP = 995, 10000  # a group takes 1,000, of which some are left for changes
MANY_MEMBERS = 10000  # beyond, each member's record has ten addresses


def address(number):
    """One of 4 million, each once."""
    place = number * 2654435761 % (1 << 22)
    return f"10.{64 + (place >> 16)}.{place >> 8 & 255}.{place & 255}"


def make_rules(begin, count, member_groups, choose):
    rules = []
    for number in range(begin, begin + count):
        protocol = choose.choice(["tcp", "tcp", "tcp", "udp"])
        first = choose.randrange(1, 60000)
        if number % 50 == 0:  # at most 20 rules may name a group
            thing = {"group": identifier("sg-", 2 + number // 50 % member_groups)}
        elif number % 10 == 1:
            thing = {"prefix_list": identifier("pl-", 1)}
        else:
            bits = choose.choice([32, 32, 24, 24, 24, 16, 20, 28])
            value = choose.getrandbits(32) >> (32 - bits) << (32 - bits)
            thing = {"cidr": ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{bits}"}
        rules.append({"id": identifier("sgr-", number + 1), "direction": "ingress", "nic_type": "intranet",
                      "policy": "accept" if choose.random() < 0.7 else "drop", "protocol": protocol,
                      "ports": f"{first}/{first + choose.choice([0, 0, 0, 10, 1000])}", "object": thing,
                      "priority": choose.randrange(1, 101)})
    return rules


def make_rule_groups(cluster, rules, member_groups, choose):
    """The cluster's group, and the node's further ones."""
    groups = []
    for begin in range(0, rules, PER_GROUP):
        first = not groups
        count = min(PER_GROUP, rules - begin) - first
        groups.append({"id": identifier("sg-", 1 if first else 1000 + len(groups)),
                       "name": "bench" if first else f"bench-{len(groups) + 1}", "network": identifier("vpc-", 1),
                       "kind": "basic", "inner_access": "accept",
                       "rules": make_rules(begin, count, member_groups, choose)})
    groups[0]["managed_by"] = cluster
    groups[0]["rules"].append(
        {"id": identifier("sgr-", rules + 1), "direction": "ingress", "nic_type": "intranet", "policy": "accept",
         "protocol": "tcp", "ports": "22/22", "object": {"cidr": "0.0.0.0/0"}, "priority": 1})
    return groups


def make_members(members):
    each = 1 if members <= MANY_MEMBERS else 10
    return [{"id": identifier("n-", number // each + 2), "name": f"member-{number // each}",
             "network": identifier("vpc-", 1), "agent": "none",
             "security_groups": [identifier("sg-", 2 + number // MEMBERS_PER_GROUP)],
             "interfaces": [{"name": "eth0", "nic_type": "intranet",
                             "addresses": [address(number + i) for i in range(min(each, members - number))]}]}
            for number in range(0, members, each)]


def make_model(rules, members, choose):
    cluster = "c" + "0" * 31 + "1"
    member_groups = max(1, -(-members // MEMBERS_PER_GROUP))
    groups = make_rule_groups(cluster, rules, member_groups, choose)
    node = {"id": identifier("n-", 1), "name": "node-1", "cluster": cluster, "network": identifier("vpc-", 1),
            "agent": "managed", "security_groups": [group["id"] for group in groups[1:]],
            "interfaces": [{"name": "eth0", "nic_type": "intranet", "addresses": ["10.0.0.1"]}]}
    return {
        "version": 1,
        "networks": [{"id": identifier("vpc-", 1), "name": "bench", "kind": "vpc", "cidrs": ["10.0.0.0/8"]}],
        "clusters": [{"id": cluster, "name": "bench", "network": identifier("vpc-", 1), "type": "generic",
                      "profile": "standard", "container_cidrs": [], "management_cidrs": [],
                      "security_group": identifier("sg-", 1)}],
        "nodes": [node, *make_members(members)],
        "security_groups": groups + [
            {"id": identifier("sg-", 2 + number), "name": f"members-{number + 1}" if number else "members",
             "network": identifier("vpc-", 1), "kind": "basic", "inner_access": "accept", "rules": []}
            for number in range(member_groups)],
        "prefix_lists": [{"id": identifier("pl-", 1), "name": "partners", "family": 4,
                          "cidrs": [f"198.18.{number}.0/24" for number in range(100)]}],
    }


def write_queries(count, path, choose):
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(count):
            remote = address(choose.randrange(20000)) if choose.random() < 0.5 else \
                ".".join(str(choose.randrange(1, 223)) for _ in range(4))
            file.write(json.dumps({"node": "node-1", "interface": "eth0", "direction": "ingress",
                                   "protocol": choose.choice(["tcp", "udp"]), "remote": remote, "remote_port": 40000,
                                   "local": "10.0.0.1", "local_port": choose.randrange(1, 65536)},
                                  separators=(",", ":")) + "\n")


def main():
    choose = random.Random(1)
    json.dump(make_model(int(sys.argv[1]), int(sys.argv[2]), choose), sys.stdout)
    if len(sys.argv) > 4:
        write_queries(int(sys.argv[3]), sys.argv[4], choose)


main()
