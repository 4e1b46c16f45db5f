#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_usage.py RINGWALLD RINGWALL-AGENT RINGWALL

Values of options that cannot be meant: exit code 2, the option's name, and nothing done.
"""
import os
import subprocess
import sys

from daemon import scratch as scratches

ringwalld, agent, ringwall = sys.argv[1:4]
failures = 0

ETCD = ["--etcd", "http://127.0.0.1:1"]
OF_DAEMON = [
    ["--listen", "8443"], ["--listen", "host:8443"], ["--listen", "127.0.0.1:99999"], ["--listen", ""],
    ["--plain-http", "--listen", "0.0.0.0:0"],
    ["--name", "two words"], ["--name", "10.0.0.2:8443"], ["--name", "a..b"], ["--name", ""],
    ["--limit", "rules_per_group"], ["--flow-days", "367"], ["--log-level", "loud"], ["--state", ""],
    ["--etcd", "10.0.0.2:2379"], ["--etcd", "https://host/path"], ["--etcd", ""],
    [*ETCD, "--etcd-prefix", "ringwall"], [*ETCD, "--etcd-prefix", "/ringwall/"],
    [*ETCD, "--etcd-password-file", "/dev/null", "--etcd-user", ""],
    ["--alibaba-listen", "8444"], ["--alibaba-plain-listen", "8444"], ["--alibaba-plain-listen", "0.0.0.0:0"],
    ["--alibaba-region", "Two Words"], ["--alibaba-network", ""], ["--alibaba-wait", "6"],
]

TOKEN = "jt-0000000000000000." + 43 * "A"
JOIN = ["join", "--server", "https://127.0.0.1:1", "--token", TOKEN, "--ca-fingerprint", 64 * "0"]
OF_AGENT = [
    [*JOIN, "--server", "https://host/path"], [*JOIN, "--server", ""], [*JOIN, "--token", "not-a-token"],
    [*JOIN, "--ca-fingerprint", "00:11"], [*JOIN, "--name", "two words"], [*JOIN, "--interface", "longer-than-15-bytes"],
    ["run", "--interface", ""], ["run", "--state", ""], ["run", "--table-memory", "0"], ["run", "--flow-entries", "1"],
    ["run", "--early-drop", "eth0:fast"], ["run", "--log-level", "loud"], ["table", "--output", "xml"],
    ["table", "--port", "0"], ["table", "--remote", "host"], ["table", "--protocol", "nothing"],
    ["table", "--class", "first"], ["capture", "--count", "none"],
]

OF_RINGWALL = [
    ["status", "--server", "host:port"], ["status", "--server", "https://127.0.0.1:1/path"], ["status", "--output", "xml"],
    ["log", "--limit", "many"], ["rule", "add", "g", "allow tcp 22", "--wait=soon"],
    ["group", "create", "g", "--network", "n", "--tag", "colour"], ["node", "create", "n", "--interface", "eth0"],
    ["load-balancer", "create", "l", "--cluster", "c", "--listen", "443"],
    ["cluster", "join-token", "c", "--ttl", "long"], ["audit", "--fail-on", "all"],
]


def check(program, arguments, state, environment):
    """The last option is the one that cannot be meant."""
    global failures
    option = [word for word in arguments if word.startswith("--")][-1].split("=")[0]
    if state and option != "--state":
        arguments = ["--state", state, *arguments]
    result = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20, env=environment, check=False)
    good = result.returncode == 2 and option[2:] in result.stderr and not result.stdout
    failures += not good
    print(f"{'[       OK ]' if good else '[  FAILED  ]'} {os.path.basename(program)} {arguments} is a usage error"
          f"{'' if good else f': {result}'}", flush=True)


def main():
    global failures
    with scratches.folder() as folder:
        state = os.path.join(folder, "state")
        environment = {**os.environ, "RINGWALL_SERVER": "https://127.0.0.1:1"}
        for arguments in OF_DAEMON:
            check(ringwalld, arguments, state, environment)
        for arguments in OF_AGENT:
            check(agent, arguments, state, environment)
        for arguments in OF_RINGWALL:
            check(ringwall, arguments, None, environment)
        left = os.listdir(folder)
        failures += bool(left)
        print(f"{'[  FAILED  ]' if left else '[       OK ]'} nothing was done: {left}")
    sys.exit(1 if failures else 0)


main()
