#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_pages.py BUILD

Runs the commands of docs/first-nodes.md on two machines, looks by packets at what they made, runs those of
docs/uninstall.md, and looks at what is left.  Besides TOKEN and FINGERPRINT, which are what the command before printed,
nothing of a line is changed.  One thing is prepared that a real machine has by itself: the only interface here is
a veth, which no agent enforces unless told so by --interface.
"""
import os
import re
import shutil
import subprocess
import sys
import time

import machine

sys.path.append(os.path.join(machine.ROOT, "tests/support"))
import scratch as scratches  # noqa: E402

build = os.path.abspath(sys.argv[1])
DOCS = os.path.join(machine.ROOT, "docs")
ADDRESSES = ("10.0.0.2", "10.0.0.3")
LISTENERS = """
import socket
servers = [socket.create_server(("", port)) for port in (22, 6379)]
print("listening", flush=True)
while True:
    servers[0].accept()
"""
KNOCK = """
import socket, sys
one = socket.socket()
one.settimeout(1)
try:
    one.connect((sys.argv[1], int(sys.argv[2])))
    print("open")
except TimeoutError:
    print("silent")
except ConnectionRefusedError:
    print("closed")
"""
failures = 0


def record(text, good, detail=""):
    global failures
    failures += not good
    print(f"{'[       OK ]' if good else '[  FAILED  ]'} {text}{'' if good else f': {detail}'}", flush=True)


def knock(source, port):
    done = subprocess.run(source.command("python3", "-c", KNOCK, ADDRESSES[1], str(port)), capture_output=True, text=True,
                          check=True)
    return done.stdout.strip()


def knock_until(source, port, expected):
    """What is seen in the end: a change of the node needs a moment."""
    deadline = time.monotonic() + 30
    while (seen := knock(source, port)) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


def run_page(page, machines):
    """Gives how many different lines the page has."""
    printed, lines = "", []
    for where, line in machine.commands(os.path.join(DOCS, page)):
        lines.append(line)
        found = {word: re.search(rf"^{label}\s+(\S+)$", printed, re.M)
                 for word, label in (("TOKEN", "token"), ("FINGERPRINT", "CA fingerprint"))}
        filled = re.sub(r"\b(TOKEN|FINGERPRINT)\b", lambda word: found[word[0]][1], line)
        for name in machines if where == "both" else [where]:
            printed = machines[name].run(filled)
            record(f"{page}: {name}: {line}", True)
    return len(lines)


def left_on(one):
    """Everything of ours that is still on a machine."""
    left = []
    for folder in ("destdir", *machine.OWN):
        for path, folders, files in os.walk(os.path.join(one.folder, folder)):
            left += [os.path.join(path, name) for name in folders + files if "ringwall" in name]
    left = [path for path in left if not re.search(r"/run/ringwall(d|-agent)\.log$", path)]
    left += [os.path.join(one.destdir, name) for name in os.listdir(os.path.join(one.destdir, "usr/local/bin"))]
    left += [os.path.join(path, name) for path, folders, files in os.walk(one.pins) for name in folders + files]
    left += [line for line in one.run("bpftool net show dev eth0").splitlines() if "ringwall" in line or "tcx" in line]
    left += [line for line in one.run("tc qdisc show dev eth0; tc filter show dev eth0 ingress").splitlines()
             if "clsact" in line or "bpf" in line]
    return left


def main():
    machine.require()
    machine.remove_leftovers()
    scratch = scratches.make()
    machines = {}
    try:
        for name in ("controller", "node"):
            machines[name] = machine.Machine(scratch, name, build)
        controller, node = machines["controller"], machines["node"]
        machine.connect(controller, node, ADDRESSES)
        os.mkdir(os.path.join(node.folder, "etc/ringwall"))
        with open(os.path.join(node.folder, "etc/ringwall/ringwall-agent.env"), "w", encoding="ascii") as file:
            file.write("RINGWALL_AGENT_OPTIONS=--interface eth0\n")
        listeners = node.spawn("python3", "-c", LISTENERS)
        assert listeners.stdout.readline() == "listening\n"
        record("before, both ports of the node answer", [knock(controller, port) for port in (22, 6379)] == ["open", "open"])

        with open(os.path.join(machine.ROOT, "README.md"), encoding="utf-8") as file:
            told = [line.split("  ")[0].strip() for line in file]
        for _, line in machine.commands(os.path.join(DOCS, "first-nodes.md"))[:-1]:
            record(f"README.md tells the same: {line}", line in told)
        count = run_page("first-nodes.md", machines)
        record("first-nodes.md has eight commands", count == 8, count)
        record("then 6379 of the node is refused", knock_until(controller, 6379, "silent") == "silent", node.logs())
        record("and 22 is open", knock(controller, 22) == "open", node.logs())
        status = controller.run("ringwall status")
        record("the controller shows the node as connected", "connected" in status, status)
        owner = os.stat(os.path.join(controller.folder, "var/lib/ringwall/store.db")).st_uid
        record("the controller does not run as root", owner != 0, owner)

        run_page("uninstall.md", machines)
        record("then both ports answer again", [knock(controller, port) for port in (22, 6379)] == ["open", "open"])
        for name, one in machines.items():
            left = left_on(one)
            record(f"nothing is left on the {name}", not left, "\n".join(left))
        homes = [name for one in machines.values() for name in os.listdir(os.path.join(one.folder, "root"))]
        record("no file of ours is left in a home folder", not set(homes) - {".config", ".cache"}, homes)
    except AssertionError as error:
        record("every command succeeds", False, error)
    finally:
        for one in machines.values():
            one.close()
        shutil.rmtree(scratch)
    sys.exit(1 if failures else 0)


main()
