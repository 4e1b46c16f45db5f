# SPDX-License-Identifier: Apache-2.0
"""The playground's world: hosts as network namespaces, joined by veth pairs and bridges.

Nothing of the machine's own network is touched: the router, the bridges and every host live in namespaces of
their own, all named with the world's prefix, so that `clean` can find what a crash left behind.
"""
import ctypes
import glob
import os
import signal
import subprocess

CLONE_NEWNET = 0x40000000
NETNS_FOLDER = "/run/netns"
PUBLISHED_PORT = 8080
CONTAINER_PORT = 80


class Host:
    """One namespace: its short name, its addresses by interface, and what it is to the story."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.netns = f"{world.prefix}{name}"
        self.addresses = {}  # interface -> [IPv4, IPv6]

    def address(self, family, interface="eth0"):
        return self.addresses[interface][0 if family == 4 else 1]


def enter(netns):
    """Moves the calling thread into a namespace without touching mounts (unlike `ip netns exec`)."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(f"{NETNS_FOLDER}/{netns}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter namespace {netns}")
    finally:
        os.close(fd)


def run(command, text=None, check=True, env=None):
    result = subprocess.run(command, input=text, capture_output=True, text=True, env=env, check=False)
    if check and result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip() or result.stdout.strip()}")
    return result


class World:
    def __init__(self, prefix):
        self.prefix = prefix
        self.hosts = {}

    # -- building blocks ---------------------------------------------------------------------------------------

    def batch(self, host, *lines):
        run(["ip", "-n", host.netns, "-batch", "-"], text="\n".join(lines) + "\n")

    def inside(self, host, *command, check=True, text=None):
        return run(["nsenter", f"--net={NETNS_FOLDER}/{host.netns}", *command], check=check, text=text)

    def settings(self, host, **values):
        lines = [f"{key.replace('__', '.')}={value}" for key, value in values.items()]
        self.inside(host, "sysctl", "-qw", *lines)

    def add_host(self, name):
        host = Host(self, name)
        run(["ip", "netns", "add", host.netns])
        self.hosts[name] = host
        # Duplicate address detection would keep IPv6 addresses unusable for a second.
        self.settings(host, net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0)
        self.batch(host, "link set lo up")
        return host

    def add_bridge(self, router, name, ipv4, ipv6):
        self.batch(router, f"link add {name} type bridge", f"link set {name} up", f"addr add {ipv4} dev {name}",
                   f"addr add {ipv6} dev {name} nodad")

    def wire(self, host, interface, ipv4, ipv6, router, port, bridge=None, gateway=None):
        """A cable from host's interface to the router: to a bridge, or to a port with the gateway's addresses."""
        self.batch(router, f"link add {port} type veth peer name {interface} netns {host.netns}")
        if bridge:
            self.batch(router, f"link set {port} master {bridge}", f"link set {port} up")
        self.batch(host, f"link set {interface} up", f"addr add {ipv4} dev {interface}",
                   f"addr add {ipv6} dev {interface} nodad")
        host.addresses[interface] = [ipv4.split("/")[0], ipv6.split("/")[0]]
        if gateway:
            self.batch(host, f"route add default via {gateway[0]}", f"route add default via {gateway[1]}")

    def add_outside(self, name, router, ipv4_net, ipv6_net, last):
        """A host behind the router: ipv4_net like '203.0.113', ipv6_net like '2001:db8:113'."""
        host = self.add_host(name)
        port = f"to-{name}"[:15]
        self.wire(host, "eth0", f"{ipv4_net}.{last}/24", f"{ipv6_net}::{last}/64", router, port,
                  gateway=(f"{ipv4_net}.1", f"{ipv6_net}::1"))
        self.batch(router, f"addr add {ipv4_net}.1/24 dev {port}", f"addr add {ipv6_net}::1/64 dev {port} nodad",
                   f"link set {port} up")
        return host

    def add_container(self, node, number):
        """A container behind docker0 whose port 80 is published as 8080, rule for rule as Docker does it."""
        container = self.add_host(f"container-{number}")
        net4, net6 = f"172.18.{number}", f"fd00:18:{number}"
        self.batch(node, "link add docker0 type bridge", f"addr add {net4}.1/24 dev docker0",
                   f"addr add {net6}::1/64 dev docker0 nodad", "link set docker0 up",
                   f"link add veth0 type veth peer name eth0 netns {container.netns}",
                   "link set veth0 master docker0", "link set veth0 up")
        self.batch(container, "link set eth0 up", f"addr add {net4}.2/24 dev eth0",
                   f"addr add {net6}::2/64 dev eth0 nodad", f"route add default via {net4}.1",
                   f"route add default via {net6}::1")
        container.addresses["eth0"] = [f"{net4}.2", f"{net6}::2"]
        self.settings(node, net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        for tool, net, target in (("iptables", f"{net4}.0/24", f"{net4}.2"),
                                  ("ip6tables", f"{net6}::/64", f"{net6}::2")):
            to = f"{target}:{CONTAINER_PORT}" if tool == "iptables" else f"[{target}]:{CONTAINER_PORT}"
            rules = f"""*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d {'127.0.0.0/8' if tool == 'iptables' else '::1/128'} -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s {net} ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport {PUBLISHED_PORT} -j DNAT --to-destination {to}
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d {target} ! -i docker0 -o docker0 -p tcp -m tcp --dport {CONTAINER_PORT} -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
"""
            self.inside(node, f"{tool}-restore", text=rules)
        return container

    def remove(self):
        remove_leftovers(self.prefix)
        self.hosts = {}


def remove_leftovers(prefix):
    """Ends every process in the prefix's namespaces and deletes them; returns how many there were."""
    names = sorted(os.path.basename(path) for path in glob.glob(f"{NETNS_FOLDER}/{prefix}*"))
    for name in names:
        pids = run(["ip", "netns", "pids", name], check=False).stdout.split()
        for pid in pids:
            if int(pid) != os.getpid():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
    for name in names:
        run(["ip", "netns", "delete", name], check=False)
    return len(names)


def build_vpc(prefix):
    """Three nodes of a cluster, a free-standing node and the controller's host in one VPC; two hosts outside."""
    world = World(prefix)
    router = world.add_host("router")
    world.settings(router, net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    world.add_bridge(router, "vpc", "10.80.0.1/24", "2001:db8:80::1/64")
    gateway = ("10.80.0.1", "2001:db8:80::1")
    for name, last in (("control", 10), ("node-1", 11), ("node-2", 12), ("node-3", 13), ("tools-1", 21)):
        host = world.add_host(name)
        world.wire(host, "eth0", f"10.80.0.{last}/24", f"2001:db8:80::{last}/64", router, name, "vpc", gateway)
    for number in (1, 2, 3):
        world.add_container(world.hosts[f"node-{number}"], number)
    world.add_outside("internet", router, "203.0.113", "2001:db8:113", 9)
    world.add_outside("office", router, "198.51.100", "2001:db8:51", 7)
    return world


def build_classic(prefix):
    """Two nodes with an intranet and an internet interface each, as in a classic network."""
    world = World(prefix)
    router = world.add_host("router")
    world.settings(router, net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    world.add_bridge(router, "intranet", "10.90.0.1/24", "2001:db8:90::1/64")
    world.add_bridge(router, "public", "192.0.2.1/24", "2001:db8:92::1/64")
    for name, last in (("control", 10), ("node-1", 11), ("node-2", 12)):
        host = world.add_host(name)
        world.wire(host, "eth0", f"10.90.0.{last}/24", f"2001:db8:90::{last}/64", router, f"{name}-i", "intranet")
        world.wire(host, "eth1", f"192.0.2.{last}/24", f"2001:db8:92::{last}/64", router, f"{name}-p", "public",
                   ("192.0.2.1", "2001:db8:92::1"))
    world.add_container(world.hosts["node-1"], 1)
    neighbour = world.add_host("neighbour")  # on the intranet, in no group
    world.wire(neighbour, "eth0", "10.90.0.31/24", "2001:db8:90::31/64", router, "neighbour-i", "intranet")
    world.add_outside("internet", router, "203.0.113", "2001:db8:113", 9)
    world.add_outside("office", router, "198.51.100", "2001:db8:51", 7)
    return world
