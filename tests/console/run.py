#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: run.py BUILD [NAME|FILE.js...]

The console's tests in a browser: makes a world of namespaces (that of tools/demo, and a classic cluster beside it), a real
ringwalld and agents in it, then runs NAME.test.js of this folder (default: all), one after the other, with Node inside the
namespace `office`.  harness.js says how such a file is written, and is served from here with what needs namespaces: real
packets and the CLI.
"""
import glob
import http.server
import json
import os
import re
import shutil
import socketserver
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools/demo"), os.path.join(ROOT, "tests/support")]
import npm  # noqa: E402
import probe  # noqa: E402
import system as systems  # noqa: E402
import walk  # noqa: E402
import world as worlds  # noqa: E402

PREFIX = "rwc-"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# In the order of deletion: what others refer to comes last.
KINDS = ["promises", "load_balancers", "nodes", "clusters", "security_groups", "prefix_lists", "networks"]


def skip(reason):
    print(reason)
    sys.exit(npm.SKIPPED)


def remove_dead_worlds():
    """What runs left that did not get to their end."""
    for path in glob.glob(f"{worlds.NETNS_FOLDER}/{PREFIX}*") + glob.glob(f"{tempfile.gettempdir()}/{PREFIX}*"):
        found = re.match(rf"{PREFIX}(\d+)-", os.path.basename(path))
        if found and not os.path.isdir(f"/proc/{found[1]}"):
            worlds.remove_leftovers(found[0])
            systems.remove_traces(found[0])
            systems.remove_scratch(found[0])


def build_world(prefix):
    """The VPC of the demo, and a node of a classic network that reaches the same controller."""
    world = worlds.build_vpc(prefix)
    router = world.hosts["router"]
    world.add_bridge(router, "intranet", "10.90.0.1/24", "2001:db8:90::1/64")
    world.add_bridge(router, "public", "192.0.2.1/24", "2001:db8:92::1/64")
    node = world.add_host("node-old")
    world.wire(node, "eth0", "10.90.0.11/24", "2001:db8:90::11/64", router, "old-i", "intranet")
    world.wire(node, "eth1", "192.0.2.11/24", "2001:db8:92::11/64", router, "old-p", "public", ("192.0.2.1", "2001:db8:92::1"))
    neighbour = world.add_host("neighbour")  # on the intranet, in no group
    world.wire(neighbour, "eth0", "10.90.0.31/24", "2001:db8:90::31/64", router, "neighbour-i", "intranet")
    return world


def fill(system):
    system.start_listeners()
    walk.create_vpc(system)
    system.ringwall("network", "create", "old", "--kind", "classic", "--cidr", "10.90.0.0/24", "--cidr", "2001:db8:90::/64")
    system.ringwall("cluster", "create", "legacy", "--network", "old")
    system.join("node-old", ["eth0", "eth1"], "cluster", "join-token", "legacy")
    system.wait_connected(["node-1", "node-2", "node-3", "tools-1", "node-old"])
    with open(system.key_file, encoding="ascii") as file:
        keys = {"admin": file.read().strip()}
    for role in ("operator", "viewer"):
        keys[role] = json.loads(system.ringwall("key", "create", role, "--role", role, "-o", "json"))["key"]
    return keys


class Service:
    """What tests ask for by harness.js."""

    def __init__(self, system):
        self.system, self.held, self.number = system, {}, 0

    def place(self, request):
        host = self.system.world.hosts[request["to"]]
        protocol, _, port = request["service"].partition("/")
        address = host.address(request.get("family", 4), request.get("interface", "eth0"))
        return self.system.world.hosts[request["from"]].netns, protocol, address, int(port or 0)

    def answer(self, request):
        what = request["do"]
        if what == "cli":
            return self.system.ringwall(*request["words"])
        if what == "probe":
            netns, *target = self.place(request)
            return probe.probe_from(netns, [tuple(target)])[0]
        if what == "hold":
            netns, _, address, port = self.place(request)
            self.number += 1
            self.held[self.number] = probe.HeldConnection(netns, address, port)
            return self.number
        if what == "alive":
            return self.held[request["id"]].alive()
        if what == "close":
            return self.held.pop(request["id"]).close()
        raise RuntimeError(f"nothing is called {what}")


class Server(socketserver.UnixStreamServer):
    """One request after the other, in the thread that started everything: probes fork."""

    def __init__(self, path, service):
        super().__init__(path, Handler)
        self.service, self.timeout = service, 0.2


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            text = json.dumps({"ok": self.server.service.answer(request)})
        except (RuntimeError, KeyError, ValueError) as error:
            text = json.dumps({"error": f"{request}: {error}"})
        self.send_response(200)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def call(system, method, target, body=None):
    """The API by the admin's key: status and JSON."""
    def ask():
        with open(system.key_file, encoding="ascii") as file:
            headers = {"Authorization": "Bearer " + file.read().strip(), "Content-Type": "application/json"}
        request = urllib.request.Request(system.server + target, json.dumps(body).encode() if body else None, headers, method=method)
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=system.ca), timeout=30) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
    return probe.in_child(system.control.netns, ask)


def force(system, method, target, body=None):
    """A change, whatever guards say of it."""
    status, answer = call(system, method, target, body)
    if status == 409 and "guards" in answer:
        names = ",".join(sorted({guard["id"] for guard in answer["guards"]}))
        status, answer = call(system, method, f"{target}{'&' if '?' in target else '?'}force={names}", body)
    if status >= 300:
        raise RuntimeError(f"{method} {target}: {answer}")


def put_back(system, before):
    """Deletes what the tests of a file made, and makes the rules of all groups those of before."""
    force(system, "POST", "/v1/apply?wait=20s", before)
    model = json.loads(system.ringwall("export"))
    for kind in KINDS:
        kept = {item["id"] for item in before.get(kind, [])}
        for item in model.get(kind, []):
            # A cluster's own group goes with it.
            if item["id"] not in kept and not item.get("managed_by"):
                force(system, "DELETE", f"/v1/{kind.replace('_', '-')}/{item['id']}")


def run_file(system, server, path, modules, given):
    world_file = os.path.join(system.scratch, "world.json")
    with open(os.open(world_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(given, file)
    netns = system.world.hosts["office"].netns
    node = subprocess.Popen(["nsenter", f"--net={worlds.NETNS_FOLDER}/{netns}", "node",
                             f"--test-reporter={os.path.join(HERE, 'reporter.js')}", "--test-reporter-destination=stdout", path],
                            env={**os.environ, "NODE_PATH": modules, "RINGWALL_WORLD": world_file, "TMPDIR": system.scratch},
                            stdin=subprocess.DEVNULL)
    try:
        while node.poll() is None:
            server.handle_request()
    finally:
        if node.poll() is None:
            node.kill()
            node.wait()
    return node.returncode


def main():
    build, *names = sys.argv[1:]
    build = os.path.abspath(build)
    if os.geteuid() != 0:
        skip("network namespaces and eBPF need root")
    if not os.path.exists(CHROMIUM):
        skip(f"there is no {CHROMIUM}: tools/install-deps test")
    files = [name if name.endswith(".js") else os.path.join(HERE, f"{name}.test.js") for name in names] or sorted(glob.glob(os.path.join(HERE, "*.test.js")))
    modules = npm.install(HERE, os.path.join(build, "tests/console"))
    screenshots = os.path.join(build, "screenshots")
    os.makedirs(screenshots, exist_ok=True)
    remove_dead_worlds()
    prefix = f"{PREFIX}{os.getpid()}-"
    scratch = tempfile.mkdtemp(prefix=prefix)
    world, system, failed = worlds.World(prefix), None, []
    try:
        world = build_world(prefix)
        systems.mount_bpf()
        system = systems.System(world, build, scratch)
        keys = fill(system)
        if not has_console(system):
            skip("ringwalld was built without the console")
        given = {"url": system.server, "keys": keys, "ca": system.ca, "screenshots": screenshots,
                 "socket": os.path.join(scratch, "socket"),
                 "addresses": {name: host.addresses for name, host in world.hosts.items()}}
        before = system.export()[0]
        with Server(given["socket"], Service(system)) as server:
            for path in files:
                print(f"# {os.path.basename(path)}", flush=True)
                if run_file(system, server, path, modules, given) != 0:
                    failed.append(os.path.basename(path))
                put_back(system, before)
    finally:
        if system:
            system.stop()
        else:
            world.remove()
        shutil.rmtree(scratch, ignore_errors=True)
    if failed:
        print(f"failed: {' '.join(failed)}; screenshots are in {screenshots}")
    sys.exit(1 if failed else 0)


def has_console(system):
    """Whether the page is a page."""
    def look():
        with urllib.request.urlopen(system.server + "/", context=ssl.create_default_context(cafile=system.ca), timeout=10) as page:
            return page.headers["Content-Type"].startswith("text/html")
    return probe.in_child(system.control.netns, look)


main()
