#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_sdk.py RINGWALLD BUILD_FOLDER

Installs the official npm packages of package-lock.json into BUILD_FOLDER (once for each lock file) and lets
ecs.js and cs.js drive a running ringwalld with them, over TLS and over plain HTTP; terraform.js sends what Terraform
sends, and wire.js what no client should.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "cluster"), os.path.join(HERE, "..", "support")]
import npm  # noqa: E402
from daemon import Daemon  # noqa: E402


def create(daemon, path, body):
    answer = daemon.ask("POST", path, body)
    if answer.status not in (200, 201):
        raise RuntimeError(f"{path}: {answer.text}")
    return answer.json["items"]


def fill(daemon):
    """What the API has no action for: a VPC, a cluster, an instance."""
    network = create(daemon, "/v1/networks", {"name": "shop", "kind": "vpc", "cidrs": ["10.0.0.0/16"]})[0]["id"]
    create(daemon, "/v1/clusters", {"name": "demo", "network": network, "type": "swarm"})
    groups = daemon.ask("GET", "/v1/security-groups").json["items"]
    first = create(daemon, "/v1/security-groups", {"name": "first", "network": network})[0]["id"]
    node = create(daemon, "/v1/nodes", {"name": "db-1", "network": network, "agent": "none", "security_groups": [first],
                                        "interfaces": [{"name": "eth0", "addresses": ["10.0.0.5", "2001:db8::5"],
                                                        "elastic_ips": ["203.0.113.5"]}]})[0]["id"]
    token = daemon.ask("POST", "/v1/join-tokens", {"cluster": "demo"}).json["token"]
    daemon.make_agent(token, "node-1", "10.0.0.9")
    viewer = daemon.ask("POST", "/v1/keys", {"name": "reader", "role": "viewer"}).json
    key, secret = daemon.key.split(".")
    viewer_id, viewer_secret = viewer["key"].split(".")
    return {"VPC": network, "MANAGED": groups[0]["id"], "FIRST": first, "NODE": node, "KEY": key, "SECRET": secret,
            "VIEWER_KEY": viewer_id, "VIEWER_SECRET": viewer_secret}


def port_of(daemon, protocol):
    with open(os.path.join(daemon.folder, "log"), encoding="utf-8") as log:
        return re.search(rf"serving the Alibaba-compatible API  protocol={protocol} .*port=(\d+)", log.read())[1]


def drive(ringwalld, modules, protocol):
    """Each protocol on a model of its own; both are served at the same time."""
    daemon = Daemon(ringwalld, "--alibaba-listen", "127.0.0.1:0", "--alibaba-plain-listen", "127.0.0.1:0",
                    "--alibaba-wait", "1", "--limit", "groups=60")
    try:
        environment = {**os.environ, **fill(daemon), "PORT": port_of(daemon, protocol), "PROTOCOL": protocol,
                       "NODE_PATH": modules, "NODE_EXTRA_CA_CERTS": daemon.ca}
        results = [subprocess.run(["node", os.path.join(HERE, script)], env=environment, check=False, timeout=150)
                   for script in ("ecs.js", "terraform.js", "cs.js", "wire.js")]
        return any(result.returncode for result in results)
    finally:
        daemon.close()


def main():
    ringwalld, folder = sys.argv[1:]
    modules = npm.install(HERE, folder)
    status = drive(ringwalld, modules, "https")
    return status or drive(ringwalld, modules, "http")


sys.exit(main())
