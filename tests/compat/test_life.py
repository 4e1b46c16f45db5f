#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_life.py BUILD_FOLDER MODULES_FOLDER

The whole life of a cluster's group through the official npm clients: a running ringwalld and agents in namespaces of the
playground (tools/demo), where real packets pass and are refused.  life.js makes the calls; what happens outside the API
it asks for by a line "@{...}" on its output, and is answered by a line on its input.
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "tools", "demo"), os.path.join(HERE, "..", "support")]
import npm  # noqa: E402
import probe  # noqa: E402
import world as worlds  # noqa: E402
from system import System, mount_bpf, remove_scratch, remove_traces  # noqa: E402

SKIPPED = 77
PATIENCE_S = 60
TCP, UDP = [22, 80, 443, 6379, 8080, 9000, 9050, 9099], [53]


def build(prefix):
    world = worlds.World(prefix)
    router = world.add_host("router")
    world.settings(router, net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    world.add_bridge(router, "vpc", "10.80.0.1/24", "2001:db8:80::1/64")
    gateway = ("10.80.0.1", "2001:db8:80::1")
    for name, last in (("control", 10), ("node-1", 11), ("node-2", 12), ("tools-1", 21)):
        host = world.add_host(name)
        world.wire(host, "eth0", f"10.80.0.{last}/24", f"2001:db8:80::{last}/64", router, name, "vpc", gateway)
    world.add_outside("internet", router, "203.0.113", "2001:db8:113", 9)
    world.add_outside("office", router, "198.51.100", "2001:db8:51", 7)
    return world


class Outside:
    """What the API does not do: joining, knocking, stopping."""

    def __init__(self, system):
        self.system = system

    def knock(self, who, node, port, protocol="tcp", family=4, wanted=True):
        """Knocks until the answer is the one that is wanted, or patience ends; tells what came last."""
        target = (protocol, self.system.world.hosts[node].address(family), port)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            result = probe.probe_from(self.system.world.hosts[who].netns, [target])[0]
            if (result == "answered") == wanted or time.monotonic() > deadline:
                return result

    def join(self, nodes, group=None, cluster=None):
        for name in nodes:
            kind, of = ("group", group) if group else ("cluster", cluster)
            self.system.join(name, ["eth0"], kind, "join-token", of)
        self.system.wait_connected(nodes, PATIENCE_S)
        return sorted(nodes)

    def agent(self, node, stopped):
        """Stops a node's agent in its tracks, or lets it go on; its programs stay in force."""
        for pid in worlds.run(["ip", "netns", "pids", self.system.world.hosts[node].netns]).stdout.split():
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                if file.read().startswith("ringwall-agent"):
                    os.kill(int(pid), signal.SIGSTOP if stopped else signal.SIGCONT)
        return True


def converse(process, outside):
    for line in process.stdout:
        if not line.startswith("@"):
            print(line, end="", flush=True)
            continue
        question = json.loads(line[1:])
        answer = getattr(outside, question.pop("ask"))(**question)
        process.stdin.write(json.dumps(answer) + "\n")
        process.stdin.flush()
    return process.wait()


def run(build_folder, modules, prefix):
    scratch = tempfile.mkdtemp(prefix=prefix)
    world = worlds.World(prefix)
    system = None
    try:
        world = build(prefix)
        system = System(world, build_folder, scratch)
        for name in ("node-1", "node-2", "tools-1"):
            system.listeners.append(probe.serve(world.hosts[name].netns, TCP, UDP))
        address = world.hosts["control"].address(4)
        system.start_controller("--alibaba-listen", f"{address}:8444", "--alibaba-wait", "2")
        network = json.loads(system.ringwall("network", "create", "shop", "--kind", "vpc", "--cidr", "10.80.0.0/24",
                                             "--cidr", "2001:db8:80::/64", "-o", "json"))["items"][0]["id"]
        with open(system.key_file, encoding="ascii") as file:
            key, secret = file.read().strip().split(".")
        environment = {**os.environ, "KEY": key, "SECRET": secret, "ADDRESS": address, "PORT": "8444", "PROTOCOL": "https",
                       "VPC": network, "NODE_PATH": modules, "NODE_EXTRA_CA_CERTS": system.ca}
        process = subprocess.Popen(["nsenter", f"--net={worlds.NETNS_FOLDER}/{system.control.netns}", "node",
                                    os.path.join(HERE, "life.js")], env=environment, text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        status = converse(process, Outside(system))
        if status:
            print(system.log_tail(system.control, "ringwalld"))
        return status
    finally:
        if system:
            system.stop()
        else:
            world.remove()
        shutil.rmtree(scratch, ignore_errors=True)


def main():
    build_folder, folder = (os.path.abspath(path) for path in sys.argv[1:])
    if os.geteuid() != 0:
        print("namespaces and eBPF need root")
        sys.exit(SKIPPED)
    modules = npm.install(HERE, folder)
    # One world for each checkout: what a crash left of it is taken away first.
    prefix = "rwt-life-" + hashlib.sha256(build_folder.encode()).hexdigest()[:6] + "-"
    worlds.remove_leftovers(prefix)
    remove_traces(prefix)
    remove_scratch(prefix)
    mount_bpf()
    return run(build_folder, modules, prefix)


sys.exit(main())
