# SPDX-License-Identifier: Apache-2.0
"""From a change to enforced: one controller and one agent, with 1,000 rules and a group of 10,000 members, and beside
them another pair with 10,000 rules and 100,000 members in groups of 10,000.

A rule is added and revoked again and again, through the API on one kept connection, with both sizes in turn, and by the
CLI as a new process.  After each acknowledgement a packet is sent at once: it must pass after the addition and must not
after the revocation, though its flow was alive.  The peer, on the same node in the same run, is nftables from the
command line: one rule added, and the whole ruleset of that size replaced.

usage: change_enforced.py BUILD OUT.json [ROUNDS]
"""
import glob
import json
import os
import re
import shutil
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
SMALL, LARGE = (995, 10000), (10000, 100000)  # rules and members
PORT, OPEN_PORT = 5353, 5354
RULE = f"allow udp {PORT} from 203.0.113.0/24"
OPEN_RULE = f"allow udp {OPEN_PORT} from 203.0.113.0/24"


def build_world(prefix):
    world = worlds.World(prefix)
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
    """A process in the client's namespace with one UDP socket, so that all packets are of one flow.

    Behind each packet goes one of another flow, which is always accepted: when that is answered, the answer to the first
    is there, or does not come."""

    def __init__(self, netns, address):
        self.parent, child = socket.socketpair()
        if os.fork() == 0:
            worlds.enter(netns)
            flow, clock = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            flow.connect((address, PORT))
            clock.connect((address, OPEN_PORT))
            clock.settimeout(10)
            number = 0
            while child.recv(1):
                number += 1
                word = number.to_bytes(4, "big")
                flow.send(word)
                clock.send(word)
                while clock.recv(16) != word:
                    pass
                child.send(b"y" if word in self.answers(flow) else b"n")
            os._exit(0)
        child.close()

    @staticmethod
    def answers(flow):
        words = []
        try:
            while True:
                words.append(flow.recv(16, socket.MSG_DONTWAIT))
        except OSError:  # refused packets are told by ICMP on some hosts; nothing there is the usual end
            return words

    def passes(self):
        self.parent.send(b"?")
        return self.parent.recv(1) == b"y"


class Api:
    """One kept connection from the controller's host.  Requests are written beforehand, so that little of the time is the
    client's."""

    def __init__(self, running):
        worlds.enter(running.control.netns)
        context = ssl.create_default_context(cafile=running.ca)
        address = running.control.address(4)
        plain = socket.create_connection((address, system.PORT))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = context.wrap_socket(plain, server_hostname=address)
        body = json.dumps({"rules": [RULE]})
        with open(running.key_file) as file:
            key = file.read().strip()
        self.requests = {
            what: f"POST /v1/security-groups/bench/rules{path}?wait=10s HTTP/1.1\r\nHost: {address}\r\n"
                  f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            for what, path in (("add", ""), ("revoke", "/revoke"))}

    def change(self, what):
        self.connection.sendall(self.requests[what])
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.read()
        head, _, text = answer.partition(b"\r\n\r\n")
        size = int(re.search(rb"(?i)content-length: *([0-9]+)", head)[1])
        while len(text) < size:
            text += self.read()
        if not re.match(rb"HTTP/1.1 20[01] ", head):
            raise RuntimeError(f"{what}: {answer[:400]}")

    def read(self):
        part = self.connection.recv(65536)
        if not part:
            raise RuntimeError("the controller has closed the connection")
        return part


class Measure:
    """change('add') and change('revoke') must be enforced when they return."""

    def __init__(self, change, proof):
        self.change, self.proof = change, proof
        self.times = {"add": [], "revoke": []}
        self.wrong = 0

    def turn(self):
        for what in ("add", "revoke"):
            began = time.monotonic()
            self.change(what)
            self.times[what].append((time.monotonic() - began) * 1000)
            self.wrong += self.proof.passes() != (what == "add")
            time.sleep(0.02)  # an operation after rest, as people make them

    def medians(self):
        every = {**self.times, "all": self.times["add"] + self.times["revoke"]}
        return {what: round(statistics.median(values), 2) for what, values in every.items()} | {
            "best_tenth": round(statistics.quantiles(every["all"], n=10)[0], 2)}


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
    members = ", ".join(f"10.{64 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in range(SMALL[1]))
    rules = "\n".join(f"  ip saddr @members tcp dport {1000 + n} accept" for n in range(SMALL[0]))
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


class Pair:
    """A controller with a model of some size, and the agent of its node."""

    def __init__(self, build, scratch, nodes_scratch, name, size):
        self.world = build_world(f"{PREFIX}{name}-")
        scratch = os.path.join(scratch, name)
        self.running = system.System(self.world, build, scratch, nodes_scratch)
        try:
            self.start(scratch, nodes_scratch, size)
        except BaseException:
            self.running.stop()
            raise

    def start(self, scratch, nodes_scratch, size):
        running, node = self.running, self.world.hosts["node-1"]
        running.listeners.append(probe.serve(node.netns, [22], [PORT, OPEN_PORT]))
        running.start_controller("--limit", "rules_per_interface=20000")
        model = os.path.join(scratch, "model.json")
        with open(model, "w") as file:
            subprocess.run([sys.executable, os.path.join(HERE, "make_model.py"), *map(str, size)], check=True, stdout=file)
        running.ringwall("import", model)
        running.join("node-1", ["eth0"], "cluster", "join-token", "bench")
        running.wait_connected(["node-1"], 60)
        running.ringwall("rule", "add", "bench", *OPEN_RULE.split(), "--wait")
        self.agent = process_of(f"ringwall-agent run --state {nodes_scratch}/{node.netns}")
        self.daemon = process_of(f"ringwalld --state {scratch}/controller")
        self.proof = PacketProof(self.world.hosts["client"].netns, "10.0.0.1")

    def connect(self):
        self.api = Measure(Api(self.running).change, self.proof)
        self.used = ([], [])

    def used_ms(self):
        """Processor time of the controller and of the agent since they began."""
        return [sum(int(read_first(task)) for task in glob.glob(f"/proc/{pid}/task/*/schedstat")) / 1e6
                for pid in (self.daemon, self.agent)]

    def turn(self):
        before = self.used_ms()
        self.api.turn()
        for used, begin, end in zip(self.used, before, self.used_ms()):
            used.append((end - begin) / 2)  # two changes

    def figures(self):
        return {"api_ms": self.api.medians(), "cpu_ms": dict(zip(
            ("controller", "agent"), (round(statistics.median(used), 2) for used in self.used)))}

    def memory(self):
        agent_kb, maps_kb = resident_kb(self.agent)
        return {"agent_rss_mb": round(agent_kb / 1024, 1), "agent_bpf_maps_mb": round(maps_kb / 1024, 1),
                "controller_rss_mb": round(resident_kb(self.daemon)[0] / 1024, 1)}


def read_first(path):
    with open(path) as file:
        return file.read().split()[0]


def process_of(command):
    return int(worlds.run(["pgrep", "-f", command]).stdout.split()[0])


def measure_start(running):
    times = []
    for _ in range(20):
        began = time.monotonic()
        running.ringwall("--version")
        times.append((time.monotonic() - began) * 1000)
        time.sleep(0.02)
    return round(statistics.median(times), 2)


def measure(small, large, rounds):
    def by_cli(what):
        small.running.ringwall("rule", what, "bench", *RULE.split(), "--wait")

    memory = small.memory()  # as it serves, before the other measurements
    peer = nft_peer(small.world, 7)
    cli = Measure(by_cli, small.proof)
    for _ in range(min(rounds, 20)):
        cli.turn()
    small.connect()
    large.connect()
    for _ in range(rounds):
        small.turn()
        large.turn()
    figures, large_figures, cli_ms = small.figures(), large.figures(), cli.medians()
    return {"rules": SMALL[0], "members": SMALL[1], **figures, "cli_ms": cli_ms,
            "cli_start_ms": measure_start(small.running), "nft_cli": peer,
            "cli_over_nft_add_rule": round(cli_ms["add"] / peer["add_rule_ms"], 2),
            "cli_over_nft_replace": round(cli_ms["add"] / peer["replace_all_ms"], 2),
            **memory,
            "large": {"rules": LARGE[0], "members": LARGE[1], **large_figures, **large.memory()},
            "large_to_small": round(large_figures["api_ms"]["all"] / figures["api_ms"]["all"], 2),
            "packets_against_the_acknowledgement": cli.wrong + small.api.wrong + large.api.wrong,
            "targets": {"ms": 2, "large_to_small": 1.2, "agent_rss_mb": 8, "controller_rss_mb": 32}}


def run(build, scratch, nodes_scratch, rounds):
    pairs = []
    try:
        for name, size in (("s", SMALL), ("l", LARGE)):
            pairs.append(Pair(build, scratch, nodes_scratch, name, size))
        return measure(*pairs, rounds)
    finally:
        for pair in pairs:
            pair.running.stop()


def clean_up():
    """What a run that was killed has left, too."""
    worlds.remove_leftovers(PREFIX)
    system.remove_traces(PREFIX)
    system.remove_scratch(PREFIX)
    for folder in glob.glob(f"/dev/shm/{PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)


def main():
    build, out = os.path.abspath(sys.argv[1]), sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    clean_up()
    os.setpriority(os.PRIO_PROCESS, 0, -20)  # and all that is started: other programs on the machine are not measured
    # A node's disk is not the controller's: two flushing programs on one would wait for each other.
    with (tempfile.TemporaryDirectory(prefix=PREFIX) as scratch,
          tempfile.TemporaryDirectory(prefix=PREFIX, dir="/dev/shm") as nodes_scratch):
        try:
            result = run(build, scratch, nodes_scratch, rounds)
        finally:
            clean_up()
    with open(out, "w") as file:
        json.dump(result, file, indent=1)
    large = result["large"]
    print(f"change → enforced: API {result['api_ms']['all']} ms, CLI {result['cli_ms']['add']} ms "
          f"(starting a process alone {result['cli_start_ms']} ms); nft from its command line: "
          f"one rule {result['nft_cli']['add_rule_ms']} ms, all {result['nft_cli']['replace_all_ms']} ms")
    print(f"processor time of a change: controller {result['cpu_ms']['controller']} ms, agent {result['cpu_ms']['agent']} ms; "
          f"best tenth of the changes: {result['api_ms']['best_tenth']} ms")
    print(f"with {large['rules']} rules and {large['members']} members: API {large['api_ms']['all']} ms, "
          f"{result['large_to_small']} times as long")
    print(f"agent {result['agent_rss_mb']} MB (BPF arrays {result['agent_bpf_maps_mb']} MB apart), "
          f"controller {result['controller_rss_mb']} MB; "
          f"{result['packets_against_the_acknowledgement']} packets against the acknowledgement")


if __name__ == "__main__":
    main()
