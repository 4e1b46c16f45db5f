# SPDX-License-Identifier: Apache-2.0
"""See alibaba.sh."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import re
import socket
import statistics
import sys
import time
import urllib.parse
import uuid

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../tests/cluster"))
from daemon import Daemon  # noqa: E402

WARM_UP, ROUNDS, DESCRIPTIONS, RULES = 50, 500, 400, 1000


class Connection:
    """HTTP over one connection, without the cost of Python's own client: all but sending is done before."""

    def __init__(self, daemon, port, tls=True):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = daemon.context().wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.buffer = memoryview(bytearray(4 << 20))

    def send(self, request):
        self.socket.sendall(request)
        got = 0
        while True:
            got += self.socket.recv_into(self.buffer[got:])
            end = bytes(self.buffer[:min(got, 4096)]).find(b"\r\n\r\n")
            if end >= 0:
                break
        head = bytes(self.buffer[:end]).lower()
        total = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while got < total:
            got += self.socket.recv_into(self.buffer[got:])
        if head[9:10] != b"2":
            raise RuntimeError(bytes(self.buffer[:got]).decode())
        return total - end - 4


def encode(text):
    return urllib.parse.quote(text, safe="-_.~")


def signed(daemon, action, fields):
    """A request of the ECS API by RPC, everything in the query."""
    key, secret = daemon.key.split(".")
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    every = {"Action": action, "Version": "2014-05-26", "Format": "JSON", "AccessKeyId": key, "SignatureMethod": "HMAC-SHA1",
             "SignatureVersion": "1.0", "SignatureNonce": str(uuid.uuid4()), "Timestamp": now, "RegionId": "local", **fields}
    query = "&".join(f"{encode(name)}={encode(every[name])}" for name in sorted(every))
    digest = hmac.new((secret + "&").encode(), f"POST&%2F&{encode(query)}".encode(), hashlib.sha1).digest()
    target = f"/?{query}&Signature={encode(base64.b64encode(digest).decode())}"
    return f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode()


def native(daemon, target, body):
    text = json.dumps(body)
    return (f"POST {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {daemon.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}").encode()


def make(daemon, path, body):
    answer = daemon.ask("POST", "/v1/" + path, body)
    assert answer.status in (200, 201), answer.text
    return answer.json["items"]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_changes(daemon, port, groups):
    """Rule added, rule revoked: by the one API and by the other in turn, on the same disk, each in its own group."""
    rule = {"rules": ["allow tcp 443 from 192.0.2.0/24"]}
    fields = {"SecurityGroupId": groups["ecs"], "Permissions.1.IpProtocol": "tcp", "Permissions.1.PortRange": "443/443",
              "Permissions.1.SourceCidrIp": "192.0.2.0/24"}
    own = [native(daemon, "/v1/security-groups/native/rules" + path, rule) for path in ("", "/revoke")]
    theirs = [signed(daemon, ("AuthorizeSecurityGroup", "RevokeSecurityGroup")[i % 2], fields) for i in range(WARM_UP + ROUNDS)]
    one, other = Connection(daemon, daemon.port), Connection(daemon, port)
    times = {"native": [], "ecs": []}
    for i in range(WARM_UP + ROUNDS):
        for name, connection, request in (("native", one, own[i % 2]), ("ecs", other, theirs[i])):
            began = time.perf_counter_ns()
            connection.send(request)
            times[name].append((time.perf_counter_ns() - began) / 1000)
    return {name: sorted(values[WARM_UP:]) for name, values in times.items()}


def measure_descriptions(daemon, port, group, tls):
    requests = [signed(daemon, "DescribeSecurityGroupAttribute", {"SecurityGroupId": group}) for _ in range(DESCRIPTIONS)]
    connection = Connection(daemon, port, tls)
    for request in requests[:20]:
        size = connection.send(request)
    busy, began = cpu_seconds(daemon.process.pid), time.perf_counter()
    for request in requests[20:]:
        connection.send(request)
    count = len(requests) - 20
    return {"bytes": size, "per_second": count / (time.perf_counter() - began),
            "per_core_second": count / (cpu_seconds(daemon.process.pid) - busy)}


def main():
    build, out = sys.argv[1:]
    daemon = Daemon(os.path.join(build, "src/main/ringwalld"), "--alibaba-listen", "127.0.0.1:0", "--alibaba-plain-listen",
                    "127.0.0.1:0")
    try:
        with open(os.path.join(daemon.folder, "log"), encoding="utf-8") as log:
            ports = dict(re.findall(r"Alibaba-compatible API  protocol=(\w+) .*port=(\d+)", log.read()))
        make(daemon, "networks", {"name": "net", "cidrs": ["10.0.0.0/16"]})
        groups = {name: make(daemon, "security-groups", {"name": name, "network": "net"})[0]["id"]
                  for name in ("native", "ecs", "many")}
        for first in range(0, RULES, 100):
            make(daemon, "security-groups/many/rules",
                 {"rules": [f"allow tcp {1000 + first + i} from 192.0.2.0/24" for i in range(100)]})
        times = measure_changes(daemon, int(ports["https"]), groups)
        described = {protocol: measure_descriptions(daemon, int(ports[protocol]), groups["many"], protocol == "https")
                     for protocol in ("https", "http")}
    finally:
        daemon.close()
    result = {"rounds": ROUNDS, "rules": RULES, "describe": described}
    for name, values in times.items():
        result[f"{name}_p50_us"] = statistics.median(values)
        result[f"{name}_per_second"] = len(values) / (sum(values) / 1e6)
    result["ratio"] = result["ecs_per_second"] / result["native_per_second"]
    with open(out, "w", encoding="ascii") as file:
        json.dump(result, file, indent=1)
    print(f"alibaba: a durable change {result['ecs_per_second']:.0f}/s, by the native API {result['native_per_second']:.0f}/s, "
          f"ratio {result['ratio']:.2f}; {RULES} rules described " +
          ", ".join(f"by {protocol} {one['per_second']:.0f}/s ({one['per_core_second']:.0f} a second of the processor)"
                    for protocol, one in described.items()))


main()
