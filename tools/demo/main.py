# SPDX-License-Identifier: Apache-2.0
"""The playground: act 1 without ringwall, act 2 with it, then a shell (demo) or a checked walk (demo-check)."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import matrix
import probe
import walk
import world as worlds
from system import System, console_link, mount_bpf, remove_scratch, remove_traces
from world import NETNS_FOLDER, PUBLISHED_PORT

DEMO_PREFIX = "rw-demo-"
CHECK_PREFIXES = {"vpc": "rw-check-vpc-", "classic": "rw-check-classic-"}
NAMES = {"internet": "the internet", "office": "the office", "tools-1": "tools-1"}


def headline(text):
    print("\n" + matrix.colour(text, "1;36"))


def say(text):
    print(text, flush=True)


def act_one(world):
    """A firewall on INPUT, as ufw sets it up, and a port published by Docker."""
    headline("Act 1: without ringwall")
    node = world.hosts["node-1"]
    world.inside(node, "iptables", "-P", "INPUT", "DROP")
    results = probe.probe_from(world.hosts["internet"].netns,
                               [("tcp", node.address(4), 6379), ("tcp", node.address(4), PUBLISHED_PORT)])
    world.inside(node, "iptables", "-P", "INPUT", "ACCEPT")
    say("node-1 has `iptables -P INPUT DROP`. From the internet:")
    say(f"  node-1:6379 (redis on the host)           {results[0]}")
    say(f"  node-1:{PUBLISHED_PORT} (published by a container)     {matrix.colour(results[1], '1;31')}")
    if results == ["silent", "answered"]:
        say("The firewall never saw the second: Docker's DNAT turned it away from INPUT.")
    return results == ["silent", "answered"]


def start(world, build, scratch):
    mount_bpf()
    system = System(world, build, scratch)
    system.start_listeners()
    return system


def demo(build):
    worlds.remove_leftovers(DEMO_PREFIX)
    remove_traces(DEMO_PREFIX)
    remove_scratch(DEMO_PREFIX)
    scratch = tempfile.mkdtemp(prefix="rw-demo-")
    world = worlds.World(DEMO_PREFIX)
    system = None
    try:
        began = time.monotonic()
        world = worlds.build_vpc(DEMO_PREFIX)
        system = start(world, build, scratch)
        act_one(world)
        headline("Act 2: with ringwall")
        walk.create_vpc(system)
        say(f"A network, a cluster `demo`, an agent in each node: {time.monotonic() - began:.1f} s. Published port\n"
            "8080 is judged before Docker's DNAT, like any other port.\n")
        model, path = system.export()
        sources = ["internet", "office", "tools-1", "node-2"]
        cells = matrix.ask(world, sources, ["node-1"], 4)
        matrix.evaluate(cells, system.ringwall, path)
        matrix.observe(world, cells)
        matrix.show(cells, model, NAMES)
        more = [cell for family in (4, 6) for cell in matrix.ask(world, sources, ["node-1", "node-2", "node-3"], family)]
        matrix.evaluate(more, system.ringwall, path)
        matrix.observe(world, more)
        right = sum(cell.agrees() for cell in more)
        say(f"All three nodes, IPv4 and IPv6: {right} of {len(more)} as expected.")
        shell(system)
    finally:
        if system:
            system.stop()
        else:
            world.remove()
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def shell(system):
    """Leaves the person in a shell on the controller's host, with the CLI's context set."""
    tools = os.path.join(system.scratch, "bin")
    os.makedirs(tools, exist_ok=True)
    hosts = {name: {"netns": host.netns, "addresses": host.addresses} for name, host in system.world.hosts.items()}
    with open(os.path.join(system.scratch, "hosts.json"), "w", encoding="utf-8") as file:
        json.dump(hosts, file)
    console = system.open_console()
    with open(os.path.join(system.scratch, "console-port"), "w", encoding="ascii") as file:
        file.write(str(console or ""))
    for name in ("probe", "hold", "agent", "console"):
        path = os.path.join(tools, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nexec python3 {os.path.abspath(__file__)} {name} {system.scratch}/hosts.json \"$@\"\n")
        os.chmod(path, 0o755)
    headline("Now you. Five things to paste:")
    say(f"""  ringwall rule add demo allow tcp 6379 from 198.51.100.7 --wait; hold office &
  ringwall rule revoke demo allow tcp 6379 from 198.51.100.7 --wait
  ringwall rule add demo allow tcp 6379 from group:tools --wait; probe tools-1
  probe internet node-1:{PUBLISHED_PORT}
  ringwall log
The second cuts the connection that `hold` keeps alive. `probe WHO [NODE:PORT]`
knocks once and says why. `agent NODE COMMAND` is ringwall-agent on a node: try
`agent node-1 status`, `table`, `capture`, `detach`. `exit` ends and cleans up.""")
    if console:
        say(f"""
The same in a browser of this machine (it will warn: the authority is ringwall's own):
  {console_link(system.ringwall("console", "-o", "json"), console)}
The link signs in once, for five minutes; `console` prints another.""")
    if not sys.stdin.isatty():
        say("(no terminal: leaving at once)")
        return
    environment = system.environment()
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    environment["PS1"] = "ringwall demo \\w$ "
    subprocess.run(["nsenter", f"--net={NETNS_FOLDER}/{system.control.netns}", "bash", "--norc", "--noprofile"],
                   env=environment, check=False)


def print_console_link(scratch):
    """`console` of the demo's shell."""
    with open(os.path.join(scratch, "console-port"), encoding="ascii") as file:
        port = file.read()
    if not port:
        print("ringwalld was built without the console: install nodejs and npm, remove ./build, and start the demo again")
        return 1
    print(console_link(worlds.run(["ringwall", "console", "-o", "json"]).stdout, port))
    return 0


def agent_command(scratch, hosts, arguments):
    """`agent NODE COMMAND [OPTION...]` of the demo's shell: ringwall-agent, where the agent of that node runs."""
    nodes = [name for name, host in hosts.items() if os.path.isdir(os.path.join(scratch, host["netns"]))]
    if len(arguments) < 2 or arguments[0] not in nodes:
        print(f"usage: agent NODE COMMAND [OPTION...]    as in: agent node-1 table    nodes: {', '.join(sorted(nodes))}")
        return 2
    netns = hosts[arguments[0]]["netns"]
    os.execvp("nsenter", ["nsenter", f"--net={NETNS_FOLDER}/{netns}", "ringwall-agent", *arguments[1:],
                          "--state", os.path.join(scratch, netns), "--pin-dir", f"/sys/fs/bpf/ringwall/{netns}"])


def person_command(name, arguments):
    """`probe WHO [NODE:PORT[/udp]]`, `hold WHO [NODE:PORT]` and `agent NODE COMMAND` of the demo's shell."""
    hosts = json.load(open(arguments[0], encoding="utf-8"))
    if name == "agent":
        return agent_command(os.path.dirname(arguments[0]), hosts, arguments[1:])
    try:
        who, target = (arguments[1:] + ["node-1:6379"])[:2]
        node, _, port = target.partition(":")
        number, _, protocol = port.partition("/")
        netns, address = hosts[who]["netns"], hosts[node]["addresses"]["eth0"][0]
        kind = protocol or ("tcp" if number else "icmp")
        number = int(number or 0)
    except (ValueError, KeyError, IndexError):
        print(f"usage: {name} WHO [NODE:PORT[/udp]]    hosts: {', '.join(sorted(set(hosts) - {'router'}))}")
        return 2
    if name == "hold":
        return probe.hold(netns, address, number)
    query = {"node": node, "interface": "eth0", "direction": "ingress", "protocol": kind,
             "remote": hosts[who]["addresses"]["eth0"][0], "local": address}
    query |= {"remote_port": 40000, "local_port": number} if number else {"icmp_type": 8}
    cell = matrix.Cell(who, node, (kind, number), query)
    model = worlds.run(["ringwall", "export"]).stdout
    with tempfile.TemporaryDirectory(prefix=DEMO_PREFIX) as folder:
        path = os.path.join(folder, "model.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(model)
        matrix.evaluate([cell], lambda *words: worlds.run(["ringwall", *words]).stdout, path)
    cell.observed = probe.probe_from(netns, [(kind, address, number)])[0]
    print(f"{who} → {target}: {cell.observed} ({cell.expected}: {matrix.because(cell, json.loads(model))})")
    return 0


def check(build):
    """Walks both kinds of cluster; prints every step and says how many held."""
    steps = walk.Steps()
    for kind, prefix in CHECK_PREFIXES.items():
        worlds.remove_leftovers(prefix)
        remove_traces(prefix)
        remove_scratch(prefix)
        scratch = tempfile.mkdtemp(prefix=prefix)
        world = worlds.World(prefix)
        system = None
        try:
            world = worlds.build_vpc(prefix) if kind == "vpc" else worlds.build_classic(prefix)
            system = start(world, build, scratch)
            headline(f"A {kind} cluster, both families")
            if kind == "vpc":
                steps.record("published 8080 answers behind `iptables -P INPUT DROP`", act_one(world))
                walk.check_vpc(system, steps)
                walk.check_console(system, steps)
            else:
                walk.check_classic(system, steps)
        except RuntimeError as error:
            steps.record(f"{kind}: {error}", False)
        finally:
            if system:
                system.stop()
            else:
                world.remove()
            shutil.rmtree(scratch, ignore_errors=True)
    print(f"\n{steps.passed} passed, {steps.failed} failed, 0 skipped")
    return 1 if steps.failed else 0


def clean():
    removed = 0
    for prefix in (DEMO_PREFIX, "rw-check-"):
        removed += worlds.remove_leftovers(prefix)
        remove_traces(prefix)
        remove_scratch(prefix)
    print(f"removed {removed} namespaces and what was left beside them")
    return 0


def main():
    mode = sys.argv[1]
    if mode == "console":
        return print_console_link(os.path.dirname(sys.argv[2]))
    if mode in ("probe", "hold", "agent"):
        return person_command(mode, sys.argv[2:])
    if mode == "clean":
        return clean()
    build = sys.argv[2]
    try:
        return demo(build) if mode == "interactive" else check(build)
    except KeyboardInterrupt:
        return 130
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


sys.exit(main())
