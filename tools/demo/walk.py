# SPDX-License-Identifier: Apache-2.0
"""The playground's story as commands of the CLI, and the checked walk through changes."""
import json
import ssl
import urllib.error
import urllib.request

import matrix
import probe
from system import console_link
from world import PUBLISHED_PORT

OFFICE = "198.51.100.0/24"


class Steps:
    def __init__(self):
        self.passed = self.failed = 0

    def record(self, text, held):
        self.passed += held
        self.failed += not held
        print(f"{matrix.colour('ok  ', '32') if held else matrix.colour('FAIL', '1;31')} {text}", flush=True)

    def matrix(self, system, text, sources, targets, interface="eth0"):
        """Every source x target x service in both families: the evaluator's word against real packets."""
        model, path = system.export()
        cells = [cell for family in (4, 6)
                 for cell in matrix.ask(system.world, sources, targets, family, interface)]
        matrix.evaluate(cells, system.ringwall, path)
        matrix.observe(system.world, cells)
        wrong = [cell for cell in cells if not cell.agrees()]
        self.record(f"{text}: {len(cells) - len(wrong)} of {len(cells)} probes as the evaluator expects", not wrong)
        if wrong:
            matrix.show(wrong, model, {})


def create_vpc(system):
    system.start_controller()
    cli = system.ringwall
    cli("network", "create", "demo-vpc", "--kind", "vpc", "--cidr", "10.80.0.0/24", "--cidr", "2001:db8:80::/64")
    cli("cluster", "create", "demo", "--network", "demo-vpc", "--container-cidr", "172.18.0.0/16")
    cli("group", "create", "tools", "--network", "demo-vpc", "--description", "free-standing helpers")
    names = ["node-1", "node-2", "node-3"]
    for name in names:
        system.join(name, ["eth0"], "cluster", "join-token", "demo")
    system.join("tools-1", ["eth0"], "group", "join-token", "tools")
    system.wait_connected(names + ["tools-1"])


def expect(system, who, target, service, result):
    protocol, port = service
    host = system.world.hosts[target]
    return probe.probe_from(system.world.hosts[who].netns, [(protocol, host.address(4), port)]) == [result]


def check_vpc(system, steps):
    create_vpc(system)
    cli = system.ringwall
    sources = ["internet", "office", "tools-1", "node-2", "control"]
    nodes = ["node-1", "node-2", "node-3"]
    steps.matrix(system, "born with reinforced rules", sources, nodes)

    cli("rule", "add", "demo", "allow", "tcp", "6379", "from", OFFICE, "--wait")
    steps.record("6379 opened to the office answers the office", expect(system, "office", "node-1", ("tcp", 6379), "answered"))
    steps.record("... and not the internet", expect(system, "internet", "node-1", ("tcp", 6379), "silent"))
    again = json.loads(cli("rule", "add", "demo", "allow", "tcp", "6379", "from", OFFICE, "--wait", "-o", "json"))
    steps.record("adding the same rule again changes nothing", again["changed"] is False)

    held = probe.HeldConnection(system.world.hosts["office"].netns, system.world.hosts["node-1"].address(4), 6379)
    steps.record("a connection lives while its rule does", held.alive())
    cli("rule", "revoke", "demo", "allow", "tcp", "6379", "from", OFFICE, "--wait")
    steps.record("revoking the rule cuts the live connection", not held.alive())
    held.close()
    steps.matrix(system, "after the revocation", sources, ["node-1"])

    cli("rule", "add", "demo", "allow", "tcp", "6379", "from", "group:tools", "--wait")
    steps.record("a group as object lets its member in", expect(system, "tools-1", "node-1", ("tcp", 6379), "answered"))
    steps.record("... and nobody else", expect(system, "office", "node-1", ("tcp", 6379), "silent"))
    steps.matrix(system, "with a group as object", sources, nodes)

    cli("rule", "add", "demo", "allow", "tcp", str(PUBLISHED_PORT), "from", "any", "--wait")
    steps.record("the published port opens by the port the client used",
                 expect(system, "internet", "node-1", ("tcp", PUBLISHED_PORT), "answered"))
    cli("rule", "add", "demo", "drop", "tcp", str(PUBLISHED_PORT), "from", OFFICE, "--wait")
    steps.record("drop beats accept at equal priority", expect(system, "office", "node-1", ("tcp", PUBLISHED_PORT), "silent"))
    steps.matrix(system, "with accept and drop", sources, nodes)

    cli("group", "update", "demo", "--inner-access", "drop", "--wait")
    steps.record("without inner access members need a rule", expect(system, "node-2", "node-1", ("tcp", 6379), "silent"))
    steps.matrix(system, "without inner access", sources, nodes)
    cli("group", "update", "demo", "--inner-access", "accept", "--wait")

    refused = cli("rule", "revoke", "demo", "allow", "tcp", "22", "from", "any", accept=(1,))
    steps.record("closing SSH for everybody is refused", "management-ssh" in refused or refused == "")
    steps.matrix(system, "after the refused change", sources, ["node-1"])
    log = json.loads(cli("log", "-o", "json"))
    steps.record("the log has every change with its author", len(log["items"]) >= 8 and all(item["who"] for item in log["items"]))


def check_console(system, steps):
    """A browser on this machine, by the link that the demo prints."""
    port = system.open_console()
    if not port:
        return
    link = console_link(system.ringwall("console", "-o", "json"), port)
    context = ssl.create_default_context(cafile=system.ca)

    def sign_in():
        token = link.partition("#")[2]
        request = urllib.request.Request(f"https://127.0.0.1:{port}/v1/session", json.dumps({"link": token}).encode(),
                                         {"Content-Type": "application/json", "Origin": f"https://127.0.0.1:{port}"})
        try:
            with urllib.request.urlopen(request, context=context, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
    steps.record("the console's link signs a browser of this machine in, once", [sign_in(), sign_in()] == [200, 401])


def check_classic(system, steps):
    system.start_controller()
    cli = system.ringwall
    cli("network", "create", "old", "--kind", "classic", "--cidr", "10.90.0.0/24", "--cidr", "2001:db8:90::/64")
    cli("cluster", "create", "legacy", "--network", "old", "--container-cidr", "172.18.0.0/16")
    for name in ("node-1", "node-2"):
        system.join(name, ["eth0", "eth1"], "cluster", "join-token", "legacy")
    system.wait_connected(["node-1", "node-2"])
    nodes = ["node-1", "node-2"]
    steps.matrix(system, "the intranet's table", ["neighbour", "node-2", "control"], nodes, "eth0")
    steps.matrix(system, "the internet's table", ["internet", "office"], nodes, "eth1")
    cli("rule", "add", "legacy", "allow", "tcp", "6379", "from", "any", "nic", "intranet", "--wait")
    steps.record("an intranet rule opens the intranet", expect(system, "neighbour", "node-1", ("tcp", 6379), "answered"))
    steps.matrix(system, "... the intranet's table", ["neighbour"], nodes, "eth0")
    steps.matrix(system, "... and not the internet's", ["internet", "office"], nodes, "eth1")
    cli("rule", "add", "legacy", "allow", "tcp", str(PUBLISHED_PORT), "from", OFFICE, "nic", "internet", "--wait")
    steps.matrix(system, "a published port for the office", ["internet", "office"], nodes, "eth1")
