# SPDX-License-Identifier: Apache-2.0
"""Who reaches what: the evaluator's word beside what real packets found, at most 80 columns."""
import json
import os
import sys

import probe
from world import PUBLISHED_PORT

WIDTH = 80
SERVICES = [("tcp", 22), ("tcp", 80), ("tcp", 443), ("tcp", 6379), ("tcp", PUBLISHED_PORT), ("udp", 53), ("icmp", 0)]


def colour(text, code):
    plain = "NO_COLOR" in os.environ or not sys.stdout.isatty()
    return text if plain else f"\033[{code}m{text}\033[0m"


def service_name(service):
    protocol, port = service
    return f"{protocol} {port}" if port else "ping"


class Cell:
    """One question: may this source reach this service of that node, and did it?"""

    def __init__(self, who, target, service, query):
        self.who, self.target, self.service, self.query = who, target, service, query
        self.expected = self.cause = self.observed = None

    def agrees(self):
        """An accepted packet gets an answer, if only the host's refusal; a dropped one gets nothing at all."""
        return (self.observed != "silent") == (self.expected == "accept")


def ask(world, sources, targets, family, interface="eth0", services=SERVICES):
    """Cells for every source (name -> the address it is seen with) x target node x service."""
    cells = []
    for who in sources:
        for target in targets:
            if target == who:
                continue
            host = world.hosts[target]
            for protocol, port in services:
                query = {"node": target, "interface": interface, "direction": "ingress",
                         "protocol": "icmpv6" if protocol == "icmp" and family == 6 else protocol,
                         "remote": source_address(world, who, family, interface),
                         "local": host.address(family, interface)}
                if port:
                    query |= {"remote_port": 40000, "local_port": port}
                else:
                    query |= {"icmp_type": 8 if family == 4 else 128}
                cells.append(Cell(who, target, (protocol, port), query))
    return cells


def source_address(world, who, family, interface):
    """A host on the same wire is seen with that wire's address, any other with its only one."""
    host = world.hosts[who]
    return host.address(family, interface if interface in host.addresses else "eth0")


def evaluate(cells, ringwall, model_path):
    """Fills 'expected' and 'cause' by `ringwall evaluate` on an exported model."""
    queries = model_path + ".queries"
    with open(queries, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(cell.query) + "\n" for cell in cells)
    answers = ringwall("evaluate", "--file", model_path, "--queries", queries).splitlines()
    if len(answers) != len(cells):
        raise RuntimeError(f"evaluate gave {len(answers)} answers to {len(cells)} questions")
    for cell, line in zip(cells, answers):
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"evaluate: {answer['error']}")
        cell.expected, cell.cause = answer["verdict"], answer["cause"]


def observe(world, cells):
    """Fills 'observed' by real packets: all probes of one source at once."""
    for who in {cell.who for cell in cells}:
        mine = [cell for cell in cells if cell.who == who]
        targets = [(cell.service[0], cell.query["local"], cell.service[1]) for cell in mine]
        for cell, result in zip(mine, probe.probe_from(world.hosts[who].netns, targets)):
            cell.observed = result


def describe_rule(rule, names):
    (thing,) = rule["object"].values()
    thing = names.get(thing, thing)
    first, _, last = rule["ports"].partition("/")
    ports = "" if first == "-1" else f" {first}" if first == last else f" {first}-{last}"
    return f"{rule['protocol']}{ports} from {thing}"


def because(cell, model):
    """The deciding rule in words, or the cause."""
    rules = {rule["id"]: rule for group in model["security_groups"] for rule in group["rules"]}
    rule = rules.get(cell.cause)
    names = {thing["id"]: thing["name"] for thing in model["security_groups"] + model["prefix_lists"]}
    return describe_rule(rule, names) if rule else {"default": "default: no rule"}.get(cell.cause, cell.cause)


def show(cells, model, names):
    """Prints one line a question.  'names' gives people's words for the sources."""
    print(colour(f"{'who':<13} {'reaches':<15} {'expected':<9} {'observed':<11} because", "1"))
    print("─" * WIDTH)
    before = None
    for cell in cells:
        who = names.get(cell.who, cell.who)
        if cell.observed != "silent":
            seen = colour(f"✓ {cell.observed:<9}", "32")
        else:
            seen = colour(f"✗ {cell.observed:<9}", "31")
        mark = "" if cell.agrees() else colour("  ← DIFFERS", "1;33")
        line = f"{who if who != before else '':<13} {cell.target[:6]}:{service_name(cell.service):<8} "
        room = WIDTH - 52 - (11 if mark else 0)
        print(f"{line}{cell.expected:<9} {seen} {because(cell, model)[:room]}{mark}")
        before = who
    wrong = sum(not cell.agrees() for cell in cells)
    print("─" * WIDTH)
    verdict = f"{len(cells) - wrong} of {len(cells)} as the evaluator expects"
    print(colour(verdict, "1;32" if not wrong else "1;31"))
    return wrong
