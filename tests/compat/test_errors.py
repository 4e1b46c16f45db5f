#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_errors.py RINGWALLD BUILD_FOLDER

Every error code that a client can provoke (errors.js), which network is meant when none is named (place.js), whose account
it is (owner.js), and where plain HTTP is refused.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "cluster"), os.path.join(HERE, "..", "support")]
import npm  # noqa: E402
import scratch  # noqa: E402
from daemon import Daemon  # noqa: E402

LISTEN = ("--alibaba-listen", "127.0.0.1:0", "--limit", "groups=24", "--limit", "rules_per_group=40", "--limit",
          "members_per_group=2")


def create(daemon, path, body):
    answer = daemon.ask("POST", path, body)
    if answer.status not in (200, 201):
        raise RuntimeError(f"{path}: {answer.text}")
    return next(item["id"] for item in answer.json["items"] if item.get("name") == body["name"])


def environment(daemon, modules, **more):
    with open(os.path.join(daemon.folder, "log"), encoding="utf-8") as log:
        port = re.search(r"serving the Alibaba-compatible API .*port=(\d+)", log.read())[1]
    key, secret = daemon.key.split(".")
    return {**os.environ, "PORT": port, "PROTOCOL": "https", "KEY": key, "SECRET": secret, "NODE_PATH": modules,
            "NODE_EXTRA_CA_CERTS": daemon.ca, **more}


def script(name, variables):
    return subprocess.run(["node", os.path.join(HERE, name)], env=variables, check=False, timeout=150).returncode


def node(daemon, name, network, group, address):
    return create(daemon, "/v1/nodes", {"name": name, "network": network, "agent": "none", "security_groups": [group],
                                        "interfaces": [{"name": "eth0", "addresses": [address]}]})


def fill(daemon):
    """Two VPCs and a classic network, each with a group; nodes in the first."""
    ids = {}
    for name, kind, cidr in (("SHOP", "vpc", "10.0.0.0/16"), ("OTHER", "vpc", "10.1.0.0/16"), ("OLD", "classic", "10.2.0.0/16")):
        ids[name] = create(daemon, "/v1/networks", {"name": name.lower(), "kind": kind, "cidrs": [cidr]})
        ids[f"{name}_GROUP"] = create(daemon, "/v1/security-groups", {"name": f"g-{name.lower()}", "network": ids[name]})
    ids["CLUSTER"] = create(daemon, "/v1/clusters", {"name": "demo", "network": ids["SHOP"]})
    ids["MANAGED"] = daemon.ask("GET", "/v1/clusters/demo").json["security_group"]
    ids["NODE"] = node(daemon, "db-1", ids["SHOP"], ids["SHOP_GROUP"], "10.0.0.5")
    ids["NODE_2"] = node(daemon, "db-2", ids["SHOP"], ids["SHOP_GROUP"], "10.0.0.6")
    more = create(daemon, "/v1/security-groups", {"name": "g-more", "network": ids["SHOP"]})
    ids["NODE_3"] = node(daemon, "db-4", ids["SHOP"], more, "10.0.0.7")
    ids["OTHER_NODE"] = node(daemon, "db-3", ids["OTHER"], ids["OTHER_GROUP"], "10.1.0.5")
    return ids


def refuses_plain_http_beyond_loopback(ringwalld):
    with scratch.folder() as folder:
        result = subprocess.run([ringwalld, "--state", os.path.join(folder, "state"), "--listen", "127.0.0.1:0",
                                 "--alibaba-plain-listen", "0.0.0.0:0"], text=True, capture_output=True, check=False, timeout=60)
        held = result.returncode == 2 and "loopback" in result.stderr
        print("[       OK ] refuses_plain_http_beyond_loopback " if held else f"FAILED plain http: {result}")
        return not held


def errors(ringwalld, modules):
    daemon = Daemon(ringwalld, *LISTEN)
    try:
        return script("errors.js", environment(daemon, modules, **fill(daemon)))
    finally:
        daemon.close()


def places(ringwalld, modules):
    """The network that was told, else the only classic one, else none: and the account is the same over restarts."""
    daemon = Daemon(ringwalld, *LISTEN)
    failures = 0
    try:
        vpc = create(daemon, "/v1/networks", {"name": "shop", "kind": "vpc", "cidrs": ["10.0.0.0/16"]})
        failures += script("place.js", environment(daemon, modules, STEP="no classic network", CODE="MissingParameter"))
        create(daemon, "/v1/networks", {"name": "old", "kind": "classic", "cidrs": ["10.1.0.0/16"]})
        failures += script("place.js", environment(daemon, modules, STEP="one classic network", PLACE=""))
        create(daemon, "/v1/networks", {"name": "older", "kind": "classic", "cidrs": ["10.2.0.0/16"]})
        failures += script("place.js", environment(daemon, modules, STEP="two classic networks", CODE="MissingParameter"))
        daemon.stop()
        daemon.options = (*LISTEN, "--alibaba-network", "shop", "--alibaba-region", "cellar")
        daemon.start()
        failures += script("place.js", environment(daemon, modules, STEP="a default network", PLACE=vpc, REGION="cellar"))
        daemon.stop()
        daemon.options = (*LISTEN, "--alibaba-network", "gone")
        daemon.start()
        failures += script("place.js", environment(daemon, modules, STEP="a default that is gone", CODE="InvalidVpcId.NotFound"))
    finally:
        daemon.close()
    return failures


def accounts(ringwalld, modules):
    """The account's number is made once: a restart and a restore keep it."""
    daemon = Daemon(ringwalld, *LISTEN)
    try:
        create(daemon, "/v1/networks", {"name": "shop", "kind": "vpc", "cidrs": ["10.0.0.0/16"]})
        seen = [owner(daemon, modules)]
        daemon.stop()
        backup = os.path.join(daemon.folder, "backup")
        run = [ringwalld, "--state", daemon.state]
        subprocess.run([*run, "backup", backup], check=True, capture_output=True, **daemon.user)
        daemon.state += "-restored"
        subprocess.run([ringwalld, "--state", daemon.state, "restore", backup], check=True, capture_output=True, **daemon.user)
        daemon.start()
        seen.append(owner(daemon, modules))
        same = seen[0] == seen[1] and re.fullmatch(r"[1-9]\d{15}", seen[0])
        print(f"[       OK ] keeps_the_account_over_a_restore ({seen[0]})" if same else f"FAILED account: {seen}")
        return not same
    finally:
        daemon.close()


def owner(daemon, modules):
    return subprocess.run(["node", os.path.join(HERE, "owner.js")], env=environment(daemon, modules), check=True, text=True,
                          capture_output=True, timeout=60).stdout.strip()


def main():
    ringwalld, folder = sys.argv[1:]
    modules = npm.install(HERE, folder)
    # Not one after the other by 'or': each tells what it finds.
    return any([refuses_plain_http_beyond_loopback(ringwalld), errors(ringwalld, modules), places(ringwalld, modules), accounts(ringwalld, modules)])


sys.exit(main())
