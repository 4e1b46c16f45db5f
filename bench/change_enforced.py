# SPDX-License-Identifier: Apache-2.0
"""From a change to enforced: one controller, one agent, 1,000 rules, a group of 10,000 members.

A rule is added and revoked again and again, through the API on one kept connection and by the CLI as a new process.
After each acknowledgement a packet is sent at once: it must pass after the addition and must not after the revocation,
though its flow was alive.  The peer, on the same node in the same run, is nftables from the command line: one rule
added, and the whole ruleset of that size replaced.
"""
import http.client
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools", "demo"))
import probe  # noqa: E402
import system  # noqa: E402
import world as worlds  # noqa: E402

PREFIX = "rw-bench-change-"
RULES, MEMBERS, ROUNDS = 990, 10000, 60
PORT = 5353
RULE = "allow udp 5353 from 203.0.113.0/24"


def build_world():
    world = worlds.World(PREFIX)
    router = world.add_host("router")
    world.settings(router, net__ipv4__ip_forward=1)
    world.add_bridge(router, "vpc", "10.0.0.254/8", "2001:db8:80::fe/64")
    gateway = ("10.0.0.254", "2001:db8:80::fe")
    for name, last in (("control", 10), ("node-1", 1)):
        host = world.add_host(name)
        world.wire(host, "eth0", f"10.0.0.{last}/8", f"2001:db8:80::{last}/64", router, name, "vpc", gateway)
    world.add_outside("client", router, "203.0.113", "2001:db8:113", 9)
    return world


class PacketProof:
    """A process in the client's namespace with one UDP socket, so that all packets are of one flow."""

    def __init__(self, netns, address):
        self.parent, child = socket.socketpair()
        if os.fork() == 0:
            worlds.enter(netns)
            flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            flow.connect((address, PORT))
            flow.settimeout(0.02)
            number = 0
            while child.recv(1):
                number += 1
                flow.send(number.to_bytes(4, "big"))
                try:
                    while flow.recv(16) != number.to_bytes(4, "big"):
                        pass
                    child.send(b"y")
                except OSError:
                    child.send(b"n")
            os._exit(0)
        child.close()

    def passes(self):
        self.parent.send(b"?")
        return self.parent.recv(1) == b"y"


class Api:
    """One kept connection from the controller's host."""

    def __init__(self, running):
        worlds.enter(running.control.netns)
        context = ssl.create_default_context(cafile=running.ca)
        self.connection = http.client.HTTPSConnection(running.control.address(4), system.PORT, context=context)
        with open(running.key_file) as file:
            self.headers = {"Authorization": f"Bearer {file.read().strip()}", "Content-Type": "application/json"}

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200 and answer.status != 201:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]}")
        return json.loads(text)


def measure(change, proof, rounds):
    """change('add') and change('revoke') must be enforced when they return; gives their times in ms."""
    times = {"add": [], "revoke": []}
    wrong = 0
    for turn in range(rounds):
        for what in ("add", "revoke"):
            began = time.monotonic()
            change(what)
            times[what].append((time.monotonic() - began) * 1000)
            wrong += proof.passes() != (what == "add")
            time.sleep(0.02)  # an operation after rest, as people make them
    return {what: round(statistics.median(values), 2) for what, values in times.items()}, wrong


def resident_kb(pid):
    """Resident memory, and the part of it that is mapped BPF arrays."""
    total = maps = 0
    is_map = False
    with open(f"/proc/{pid}/smaps") as lines:
        for line in lines:
            if "-" in line.split(" ", 1)[0] and ":" not in line.split(" ", 1)[0]:
                is_map = "bpf-map" in line
            elif line.startswith("Rss:"):
                total += int(line.split()[1])
                maps += int(line.split()[1]) if is_map else 0
    return total - maps, maps


def nft_peer(world, rounds):
    node = world.hosts["node-1"]
    members = ", ".join(f"10.{64 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in range(MEMBERS))
    rules = "\n".join(f"  ip saddr @members tcp dport {1000 + n} accept" for n in range(RULES))
    text = f"""table inet bench
delete table inet bench
table inet bench {{
 set members {{ type ipv4_addr; elements = {{ {members} }} }}
 chain input {{ type filter hook input priority 0; policy accept;
{rules}
 }}
}}
"""
    one, whole = [], []
    for _ in range(rounds):
        began = time.monotonic()
        world.inside(node, "nft", "-f", "-", text=text)
        whole.append((time.monotonic() - began) * 1000)
        began = time.monotonic()
        world.inside(node, "nft", "add", "rule", "inet", "bench", "input", "udp", "dport", str(PORT), "accept")
        one.append((time.monotonic() - began) * 1000)
    world.inside(node, "nft", "delete", "table", "inet", "bench")
    return {"add_rule_ms": round(statistics.median(one), 2), "replace_all_ms": round(statistics.median(whole), 2)}


def run(build, scratch, nodes_scratch, world):
    running = system.System(world, build, scratch, nodes_scratch)
    listener = probe.serve(world.hosts["node-1"].netns, [22], [PORT])
    running.listeners.append(listener)
    try:
        running.start_controller()
        model = os.path.join(scratch, "model.json")
        with open(model, "w") as file:
            subprocess.run([sys.executable, os.path.join(HERE, "make_model.py"), str(RULES), str(MEMBERS)],
                           check=True, stdout=file)
        running.ringwall("import", model)
        running.join("node-1", ["eth0"], "cluster", "join-token", "bench")
        running.wait_connected(["node-1"])
        agent = int(worlds.run(["pgrep", "-f", f"ringwall-agent run --state {nodes_scratch}/{PREFIX}node-1"]).stdout.split()[0])
        daemon = int(worlds.run(["pgrep", "-f", f"ringwalld --state {scratch}/controller"]).stdout.split()[0])
        proof = PacketProof(world.hosts["client"].netns, "10.0.0.1")
        peer = nft_peer(world, 7)

        def by_cli(what):
            running.ringwall("rule", what, "bench", *RULE.split(), "--wait")

        cli, cli_wrong = measure(by_cli, proof, 20)
        start = []
        for _ in range(20):
            began = time.monotonic()
            running.ringwall("--version")
            start.append((time.monotonic() - began) * 1000)
            time.sleep(0.02)
        api = Api(running)

        def by_api(what):
            path = "/v1/security-groups/bench/rules" + ("/revoke" if what == "revoke" else "")
            api.post(f"{path}?wait=10s", {"rules": [RULE]})

        kept, kept_wrong = measure(by_api, proof, ROUNDS)
        agent_kb, maps_kb = resident_kb(agent)
        daemon_kb, _ = resident_kb(daemon)
        return {"rules": RULES, "members": MEMBERS, "api_ms": kept, "cli_ms": cli,
                "cli_start_ms": round(statistics.median(start), 2), "nft_cli": peer,
                "cli_over_nft_add_rule": round(cli["add"] / peer["add_rule_ms"], 2),
                "cli_over_nft_replace": round(cli["add"] / peer["replace_all_ms"], 2),
                "packets_against_the_acknowledgement": cli_wrong + kept_wrong,
                "agent_rss_mb": round(agent_kb / 1024, 1), "agent_bpf_maps_mb": round(maps_kb / 1024, 1),
                "controller_rss_mb": round(daemon_kb / 1024, 1),
                "targets": {"ms": 8, "agent_rss_mb": 8, "controller_rss_mb": 32}}
    finally:
        running.stop()


def main():
    build, out = os.path.abspath(sys.argv[1]), sys.argv[2]
    worlds.remove_leftovers(PREFIX)
    # A node's disk is not the controller's: two flushing programs on one would wait for each other.
    with (tempfile.TemporaryDirectory(prefix="rw-bench-") as scratch,
          tempfile.TemporaryDirectory(prefix="rw-bench-", dir="/dev/shm") as nodes_scratch):
        try:
            result = run(build, scratch, nodes_scratch, build_world())
        finally:
            worlds.remove_leftovers(PREFIX)
    with open(out, "w") as file:
        json.dump(result, file, indent=1)
    print(f"change → enforced: API {result['api_ms']['add']} ms, CLI {result['cli_ms']['add']} ms "
          f"(starting a process alone {result['cli_start_ms']} ms); nft from its command line: "
          f"one rule {result['nft_cli']['add_rule_ms']} ms, all {result['nft_cli']['replace_all_ms']} ms")
    print(f"agent {result['agent_rss_mb']} MB (BPF arrays {result['agent_bpf_maps_mb']} MB apart), "
          f"controller {result['controller_rss_mb']} MB; "
          f"{result['packets_against_the_acknowledgement']} packets against the acknowledgement")


main()
