#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_api_openapi.py RINGWALLD docs/openapi.yaml

Walks every route of a real ringwalld and holds each answer against docs/openapi.yaml: its status, its type and its
body.  The document has every route of the program with its role and parameters, and no other.
"""
import re
import subprocess
import sys

import jsonschema
import yaml

from daemon import Daemon

program, document_path = sys.argv[1:3]
with open(document_path, encoding="utf-8") as stream:
    document = yaml.safe_load(stream)
failures = 0
seen = {}


def record(text, good, detail=""):
    global failures
    failures += not good
    print(f"{'[       OK ]' if good else '[  FAILED  ]'} {text}{'' if good else ': ' + detail}", flush=True)


def resolve(value):
    while "$ref" in value:
        at = document
        for part in value["$ref"].lstrip("#/").split("/"):
            at = at[part]
        value = at
    return value


def template_of(method, path):
    """The most literal path of the document that fits."""
    fitting = []
    for template, operations in document["paths"].items():
        pattern = "^" + re.sub(r"\\{\w+\\}|\{\w+\}", "[^/]+", re.escape(template).replace(r"\{", "{").replace(r"\}", "}")) + "$"
        if method.lower() in operations and re.match(pattern, path):
            fitting.append(template)
    return min(fitting, key=lambda template: template.count("{"), default=None)


def validate(schema, value):
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def check_answer(method, target, answer, body):
    template = template_of(method, target.split("?")[0])
    assert template, f"{method} {target} is not in the document"
    operation = document["paths"][template][method.lower()]
    response = resolve(operation["responses"].get(str(answer.status)) or operation["responses"]["default"])
    if str(answer.status) not in operation["responses"]:
        assert answer.status >= 400, f"{answer.status} is not in the document"
    content = response.get("content")
    if content:
        assert answer.type in content, f"type {answer.type!r}, not {list(content)}"
        if answer.json is not None:
            validate(content[answer.type]["schema"], answer.json)
    else:
        assert not answer.text, "an answer without content has a body"
    if answer.status < 300:
        seen.setdefault((method, template), set()).add(answer.status)
        if body is not None and "requestBody" in operation:
            schema = operation["requestBody"]["content"].get("application/json", {}).get("schema")
            if schema and not isinstance(body, str):
                validate(schema, body)


def step(daemon, method, target, status, body=None, **options):
    answer = daemon.ask(method, target, body, **options)
    text = f"{method} {target} answers {status}"
    try:
        check_answer(method, target, answer, body)
        record(text, answer.status == status, f"{answer.status} {answer.text[:400]}")
    except (AssertionError, jsonschema.ValidationError) as error:
        record(text, False, f"{str(error)[:800]}\n{answer.status} {answer.text[:400]}")
    return answer


def check_routes():
    text = subprocess.run([program, "--print-routes"], capture_output=True, text=True, check=True).stdout
    program_routes = {}
    for line in text.splitlines():
        method, path, role, *parameters = line.split()
        program_routes[method, re.sub(r"\{\w*\}", "{}", path)] = (role, set(parameters))
    document_routes = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = [resolve(parameter) for parameter in operation.get("parameters", [])]
            document_routes[method.upper(), re.sub(r"\{\w*\}", "{}", path)] = (
                operation["x-role"], {parameter["name"] for parameter in parameters if parameter["in"] == "query"})
    record("the document has exactly the routes of the program", program_routes == document_routes,
           str(set(program_routes) ^ set(document_routes)) +
           str([route for route in program_routes if program_routes[route] != document_routes.get(route)]))


def check_schemas():
    broken = []
    for name in document["components"]["schemas"]:
        try:
            jsonschema.Draft202012Validator.check_schema({"$ref": f"#/components/schemas/{name}", **resolve(
                {"$ref": f"#/components/schemas/{name}"})})
        except jsonschema.SchemaError as error:
            broken.append(f"{name}: {error.message}")
    record("the document's schemas are schemas", not broken, "; ".join(broken))


def step_forced(daemon, method, target, status, body=None):
    """A change that guards refuse, and then do not."""
    guards = {guard["id"] for guard in step(daemon, method, target, 409, body).json["guards"]}
    return step(daemon, method, f"{target}?force={','.join(sorted(guards))}", status, body)


def walk_tightening(daemon):
    path = "/v1/clusters/demo/tighten"
    loose = ["allow all from 0.0.0.0/0"]
    before = {rule["id"] for rule in step(daemon, "GET", "/v1/security-groups/demo/rules?limit=1000", 200).json["items"]}
    record("a tightened cluster needs nothing", step(daemon, "GET", path, 200).json["state"] == "nothing")
    step_forced(daemon, "POST", "/v1/security-groups/demo/rules", 201, {"rules": loose})
    needed = "&without_flows=true&without_listeners=true"
    plan = step(daemon, "GET", path + "?since=2026-01-01T00:00:00Z&need=tcp/8443%20udp/53" + needed, 200).json
    record("the plan is ready", plan["state"] == "ready" and [each["step"] for each in plan["steps"]][-1] == "close", str(plan)[:600])
    staged = step(daemon, "GET", path + "?stage=2026-01-01T00:00:00Z" + needed, 200).json
    record("what came since is judged", staged["state"] != "ready" or staged["staged"]["judged"] >= 0, str(staged)[:600])
    for query in ("since=never", "stage=never", "need=443", "close=tcp", "without_flows=maybe", "close=tcp/22"):
        step(daemon, "GET", f"{path}?{query}", 400)
    step(daemon, "GET", "/v1/clusters/nobody/tighten", 404)
    step(daemon, "POST", path + "/undo", 409)
    step(daemon, "POST", path + "/apply", 400, {})
    step(daemon, "POST", path + "/apply", 400, {"step": "dance"})
    step(daemon, "POST", path + "/apply?" + needed[1:], 412, {"step": "icmp"})
    step(daemon, "POST", path + "/apply?need=tcp/8443%20udp/53" + needed, 412, {"step": plan["steps"][0]["step"], "digest": "0" * 16})
    for each in plan["steps"]:
        step(daemon, "POST", path + "/apply?need=tcp/8443%20udp/53" + needed, 200, {"step": each["step"], "digest": each["digest"]})
    record("nothing is left to do", step(daemon, "GET", path, 200).json["state"] == "nothing")
    step_forced(daemon, "POST", path + "/undo", 200)
    after = step(daemon, "GET", "/v1/security-groups/demo/rules?limit=1000", 200).json["items"]
    record("undo brings the rules back", len(after) == len(before) + 1 and before < {rule["id"] for rule in after}, str(after))
    step(daemon, "POST", path + "/undo", 409)
    step_forced(daemon, "POST", "/v1/security-groups/demo/rules/revoke", 200, {"rules": loose})


def walk_questions(daemon):
    """About the managed node m-1."""
    model = daemon.ask("GET", "/v1/model").json
    step(daemon, "GET", "/v1/trace?from=203.0.113.9&to=m-1:22/tcp", 200)
    step(daemon, "GET", "/v1/trace?from=m-1&to=m-1", 400)
    step(daemon, "GET", "/v1/trace?from=nobody&to=m-1:22", 404)
    event = {"interface": "eth0", "direction": "ingress", "protocol": "tcp", "local": "10.0.0.11", "remote": "203.0.113.9",
             "local_port": 6379, "remote_port": 4711, "cause": "default", "time": "2026-11-27T10:00:00.000Z"}
    step(daemon, "POST", "/v1/trace?node=m-1", 200, event)
    step(daemon, "POST", "/v1/trace", 400, event)
    for query in ("", "?to=demo&service=tcp/22", "?from=internet", "?from=203.0.113.9&to=m-1",
                  "?from=internet-6&because=true", "?from=management:demo&to=cluster:demo&because=true"):
        step(daemon, "GET", "/v1/reach" + query, 200)
    step(daemon, "GET", "/v1/reach?to=nobody", 404)
    step(daemon, "GET", "/v1/reach?from=management:nobody", 404)
    step(daemon, "GET", "/v1/reach?service=nothing", 400)
    step(daemon, "GET", "/v1/reach?because=perhaps", 400)
    step(daemon, "GET", "/v1/reach/matrix", 200)
    step(daemon, "GET", "/v1/reach/matrix?cluster=demo", 200)
    step(daemon, "GET", "/v1/reach/matrix?cluster=nobody", 404)
    step(daemon, "GET", "/v1/lint", 200)
    step(daemon, "GET", "/v1/lint?scope=demo", 200)
    step(daemon, "GET", "/v1/lint?scope=nobody", 404)
    same = step(daemon, "POST", "/v1/diff", 200, model)
    record("a model does not differ from itself", same.json["different"] is False, same.text)
    for group in model["security_groups"]:
        if "managed_by" in group:
            group["rules"] = [rule for rule in group["rules"] if rule["ports"] != "22/22"]
    answer = step(daemon, "POST", "/v1/diff", 200, model)
    revision = daemon.ask("GET", "/v1/log?limit=1").json["items"][0]["revision"]
    now = step(daemon, "GET", f"/v1/diff?from={revision}", 200)
    record("a revision that is now does not differ", now.json["different"] is False, now.text)
    step(daemon, "GET", f"/v1/diff?from=1&to={revision}", 200)
    step(daemon, "GET", "/v1/diff?from=999999999", 400)
    step(daemon, "GET", "/v1/diff", 400)
    dry = step(daemon, "POST", "/v1/security-groups/demo/rules?dry_run=true", 200, {"rules": ["allow tcp 6379 from 198.51.100.0/24"]})
    record("a dry run tells what it opens", dry.json["traffic"]["items"][0]["change"] == "opens", dry.text)
    record("a rule less closes something", answer.json["items"] and answer.json["items"][0]["change"] == "closes", answer.text)


def walk_objects(daemon):
    def made(answer, kind=None):
        return next(item["id"] for item in answer.json["items"] if not kind or item["id"].startswith(kind))

    network = made(step(daemon, "POST", "/v1/networks", 201, {"name": "net", "cidrs": ["10.0.0.0/16", "2001:db8::/64"]}))
    step(daemon, "POST", "/v1/networks?dry_run=true", 200, {"name": "dry", "kind": "classic"})
    step(daemon, "POST", "/v1/clusters?wait=5s", 201, {"name": "demo", "network": "net", "no_web": True, "ipv6": True,
                                                       "container_cidrs": ["172.18.0.0/16"]})
    step(daemon, "POST", "/v1/security-groups", 201, {"name": "web", "network": network, "rules": [
        {"direction": "ingress", "policy": "accept", "protocol": "tcp", "ports": "80/80", "object": {"cidr": "0.0.0.0/0"}}]})
    step(daemon, "POST", "/v1/prefix-lists", 201, {"name": "office", "family": 4, "cidrs": ["192.0.2.0/24"]})
    step(daemon, "POST", "/v1/load-balancers", 201, {"name": "edge", "cluster": "demo", "client_ip": "hidden",
         "sources": {"cidrs": ["10.0.0.9/32"]}, "listeners": [{"protocol": "tcp", "port": 443, "backend_port": 8443}]})
    step(daemon, "POST", "/v1/nodes", 201, {"name": "backup", "network": "net", "agent": "none", "security_groups": ["web"],
         "interfaces": [{"name": "eth0", "addresses": ["10.0.0.4"]}]})
    step(daemon, "POST", "/v1/nodes", 201, {"name": "member", "cluster": "demo", "agent": "none",
         "interfaces": [{"name": "eth0", "addresses": ["10.0.0.5"]}]})
    for query in ("check", "preview"):
        step(daemon, "GET", "/v1/clusters/demo/" + query, 200)
        step(daemon, "GET", "/v1/clusters/nobody/" + query, 404)
    step(daemon, "POST", "/v1/clusters/demo/fix?dry_run=true", 200)
    step(daemon, "POST", "/v1/clusters/demo/rebind?dry_run=true&no_web=true", 200)
    step(daemon, "POST", "/v1/clusters/demo/rebind", 200)
    step(daemon, "POST", "/v1/clusters/nobody/rebind", 404)
    step(daemon, "POST", "/v1/security-groups", 201, {"name": "own", "network": "net", "tags": {"env": "test"},
         "rules": [{"direction": "ingress", "policy": "accept", "protocol": "tcp", "ports": "22/22", "object": {"cidr": "10.0.0.0/16"}}]})
    step(daemon, "PATCH", "/v1/security-groups/own", 200, {"tags": {"env": "prod", "team": "a"}})
    step(daemon, "POST", "/v1/clusters/demo/rebind?group=nothing", 404)
    step(daemon, "POST", "/v1/clusters/demo/rebind?group=own&no_web=true", 400)
    step(daemon, "POST", "/v1/clusters/demo/rebind?group=web", 409)
    step(daemon, "POST", "/v1/clusters/demo/rebind?group=own&dry_run=true", 200)
    accepted = {"check": "open-ssh", "subject": "demo", "reason": "bastion comes"}
    kept = step(daemon, "POST", "/v1/audit/suppressions", 201, accepted).json
    step(daemon, "POST", "/v1/audit/suppressions", 400, {**accepted, "check": "open-sesame"})
    step(daemon, "POST", "/v1/audit/suppressions", 400, {**accepted, "subject": "nobody"})
    step(daemon, "POST", "/v1/audit/suppressions", 400, {**accepted, "reason": ""})
    step(daemon, "POST", "/v1/audit/suppressions", 400, {**accepted, "expires": "2020-01-01T00:00:00Z"})
    step(daemon, "GET", "/v1/audit/suppressions?limit=5", 200)
    step(daemon, "DELETE", "/v1/audit/suppressions/" + kept["id"], 200)
    step(daemon, "DELETE", "/v1/audit/suppressions/" + kept["id"], 404)
    step(daemon, "GET", "/v1/promises/check", 200)
    step(daemon, "GET", "/v1/promises/check?network=none", 400)
    promise = made(step(daemon, "POST", "/v1/promises", 201, {"network": "net", "policy": "deny", "protocol": "tcp", "ports": "23/23",
         "from": {"cidr": "0.0.0.0/0"}, "to": {"group": "web"}, "reason": "no telnet"}))
    references = {"networks": "net", "clusters": "demo", "nodes": "backup", "security-groups": "web", "prefix-lists": "office",
                  "load-balancers": "edge", "promises": promise}
    for collection, reference in references.items():
        step(daemon, "GET", f"/v1/{collection}", 200)
        step(daemon, "GET", f"/v1/{collection}?limit=1", 200)
        answer = step(daemon, "GET", f"/v1/{collection}/{reference}", 200)
        record(f"{collection} have an ETag and a position",
               bool(re.fullmatch(r'"\d+"', answer.headers["ETag"]) and re.fullmatch(r"\w+\.\d+", answer.headers["Ringwall-Position"])))
        patch = {"reason": "none"} if collection == "promises" else {"name": reference}
        step(daemon, "PATCH", f"/v1/{collection}/{reference}", 200, patch, headers={"If-Match": answer.headers["ETag"]})
        step(daemon, "PATCH", f"/v1/{collection}/{reference}", 400, {"colour": "red"})
        step(daemon, "POST", f"/v1/{collection}", 400, {"colour": "red"})
        step(daemon, "GET", f"/v1/{collection}/nothing", 404)
        step(daemon, "DELETE", f"/v1/{collection}/{reference}", 412, headers={"If-Match": '"1"'})
    step(daemon, "DELETE", "/v1/networks/net", 409)
    used = step(daemon, "GET", "/v1/security-groups/web/referrers", 200).json
    record("a group knows who refers to it", {item["kind"] for item in used["items"]} == {"node", "promise"}, str(used))
    step(daemon, "GET", "/v1/security-groups/nothing/referrers", 404)
    step(daemon, "GET", "/v1/prefix-lists/office/referrers", 200)
    step(daemon, "GET", "/v1/prefix-lists/nothing/referrers", 404)
    return references


def walk_rules(daemon):
    rules = {"rules": ["allow tcp 443 from prefix-list:office # the office", {"direction": "egress", "policy": "drop",
             "protocol": "udp", "ports": "53/53", "object": {"prefix_list": "office"}, "priority": 5}]}
    answer = step(daemon, "POST", "/v1/security-groups/web/rules", 201, rules, headers={"Idempotency-Key": "one"})
    again = step(daemon, "POST", "/v1/security-groups/web/rules", 201, rules, headers={"Idempotency-Key": "one"})
    record("a repeated request is not done again", answer.json["revision"] == again.json["revision"])
    rule = answer.json["outcomes"][0]["id"]
    step(daemon, "GET", "/v1/security-groups/web/rules?limit=2", 200)
    step(daemon, "GET", f"/v1/security-groups/web/rules/{rule}", 200)
    step(daemon, "PATCH", f"/v1/security-groups/web/rules/{rule}", 200, {"priority": 9, "description": None})
    step(daemon, "POST", "/v1/security-groups/web/rules/revoke", 200, {"rules": [{"id": rule}, "drop tcp 1 from any"]})
    step(daemon, "DELETE", f"/v1/security-groups/web/rules/{answer.json['outcomes'][1]['id']}", 200)
    step(daemon, "POST", "/v1/security-groups/web/rules", 400, {"rules": ["allow tcp from any"]})
    step(daemon, "POST", "/v1/security-groups/web/members", 200, {"nodes": ["member"]})
    step(daemon, "DELETE", "/v1/security-groups/web/members/member?interface=eth0", 200)
    step(daemon, "DELETE", "/v1/security-groups/web/members/member", 200)
    past = step(daemon, "GET", f"/v1/security-groups/web/revisions/{answer.json['revision']}", 200).json
    record("a group is shown as it was", rule in {item["id"] for item in past["rules"]}, str(past))
    step(daemon, "GET", "/v1/security-groups/web/revisions/99999999", 400)
    step(daemon, "GET", "/v1/security-groups/web/revisions/yesterday", 404)
    step(daemon, "GET", "/v1/security-groups/web/revisions/1", 404)
    log = step(daemon, "GET", f"/v1/log?object={past['id']}", 200).json["items"]
    record("the log of a group has its members", {"add rules", "join group"} <= {item["action"] for item in log}, str(log)[:600])
    step(daemon, "GET", "/v1/log?object=", 400)
    step(daemon, "POST", "/v1/apply?dry_run=true", 200, {"group": past["id"], "rules": past["rules"]})
    step(daemon, "POST", "/v1/apply?dry_run=true", 200, "cluster: demo\n- allow tcp 22 from any\n- allow tcp 443 from any\n")
    step(daemon, "POST", "/v1/apply", 200, "group: web\n- allow tcp 8443 from any\n")


def walk_keys(daemon):
    made = step(daemon, "POST", "/v1/keys", 201, {"name": "reader", "role": "viewer", "expires": "2099-01-01T00:00:00Z"})
    step(daemon, "GET", "/v1/keys", 200)
    step(daemon, "GET", "/v1/whoami", 200, key=made.json["key"])
    step(daemon, "POST", "/v1/networks", 403, {"name": "x"}, key=made.json["key"])
    step(daemon, "DELETE", f"/v1/keys/{made.json['id']}", 200)
    step(daemon, "GET", "/v1/whoami", 401, key=made.json["key"])
    step(daemon, "GET", "/v1/whoami", 401, key=None)


def walk_sessions(daemon):
    made = step(daemon, "POST", "/v1/session", 200, {"key": daemon.key}, key=None)
    cookie = {"Cookie": made.headers["Set-Cookie"].split(";")[0]}
    step(daemon, "GET", "/v1/session", 200, key=None, headers=cookie)
    step(daemon, "GET", "/v1/session", 401)
    link = step(daemon, "POST", "/v1/console-links", 200).json["url"].split("#")[1]
    step(daemon, "POST", "/v1/session", 200, {"link": link}, key=None)
    step(daemon, "POST", "/v1/session", 401, {"link": link}, key=None)
    step(daemon, "POST", "/v1/session", 400, {}, key=None)
    step(daemon, "DELETE", "/v1/session", 403, key=None, headers=cookie)
    step(daemon, "DELETE", "/v1/session", 204, key=None, headers={**cookie, "Ringwall-Csrf": made.json["csrf"]})
    step(daemon, "GET", "/v1/session", 401, key=None, headers=cookie)


def read_until(response, wanted, lines=200):
    for _ in range(lines):
        line = response.readline().decode()
        if wanted in line:
            return line
    return ""


def walk_agents(daemon):
    token = step(daemon, "POST", "/v1/join-tokens", 201, {"cluster": "demo", "name": "m-1"}).json["token"]
    step(daemon, "POST", "/v1/join-tokens", 201, {"security_group": "web"})
    step(daemon, "POST", "/v1/join-tokens", 400, {"cluster": "nowhere"})
    joined, first = daemon.make_agent(token, "m-1", "10.0.0.11")
    try:
        check_answer("POST", "/v1/agent/join", joined, None)
    except (AssertionError, jsonschema.ValidationError) as error:
        record("POST /v1/agent/join answers as the document says", False, str(error))
    step(daemon, "POST", "/v1/agent/join/preview", 401, {"version": 1, "token": token, "machine_id": "x", "name": "x", "csr": "x"}, key=None)
    step(daemon, "POST", "/v1/agent/join", 401, {"version": 1, "token": token, "machine_id": "x", "name": "x", "csr": "x"}, key=None)
    second_token = step(daemon, "POST", "/v1/join-tokens", 201, {"cluster": "demo"}).json["token"]
    asking = {"version": 1, "token": second_token, "machine_id": "x", "name": "m-2", "csr": "x", "ssh_ports": [2222]}
    answer = step(daemon, "POST", "/v1/agent/join/preview", 200, asking, key=None)
    record("the policy before joining is a snapshot", answer.text.startswith('{"frame":"snapshot"'), answer.text[:200])
    other, second = daemon.make_agent(second_token, "m-2", "10.0.0.12")
    position = {"incarnation": joined.json["position"]["incarnation"], "revision": "0"}
    report = {"version": 1, "applied": position, "wanted": position, "state": "pending", "drops": {"rule": "7"}, "kernel": {
        "generation": 3, "flow_capacity": 4096, "flows": {"established": 12}, "full_pairs_ppm": 250, "flows_refused": "1", "passed": "9", "hooks_restored": "1", "hooks": [
            {"interface": "eth0", "device": "eth0", "hook": "tcx", "state": "enforced", "detail": ""}]}, "flows": [
                {"verdict": "accepted", "direction": "ingress", "interface": "eth0", "protocol": "tcp", "port": 443,
                 "remote": "203.0.113.9", "cause": "sgr-1", "count": "3", "answered": "2", "served": "listener",
                 "first": "2026-11-24T02:28:29Z", "last": "2026-11-24T02:28:29Z"},
                {"verdict": "refused", "direction": "ingress", "others": True, "count": "7",
                 "first": "2026-11-24T02:28:29Z", "last": "2026-11-24T02:28:29Z"}]}
    for method, target, body in (("GET", "/v1/agent/stream", None), ("POST", "/v1/agent/report", report)):
        step(daemon, method, target, 401, body)
        step(daemon, method, target, 401, body, key=None)
    step(daemon, "POST", "/v1/agent/report", 200, report, key=None, certificate=first)
    with open(first[1].replace(".key", ".csr"), encoding="ascii") as file:
        request = {"version": 1, "csr": file.read()}
    step(daemon, "POST", "/v1/agent/renew", 201, request, key=None, certificate=first)
    step(daemon, "POST", "/v1/agent/renew", 400, {"version": 7, "csr": "x"}, key=None, certificate=first)
    step(daemon, "POST", "/v1/agent/renew", 401, request)
    step(daemon, "POST", "/v1/agent/report", 400, {"version": 1}, key=None, certificate=first)
    step(daemon, "GET", "/v1/networks", 401, key=None, certificate=first)
    stream = daemon.connect(first)
    stream.request("GET", "/v1/agent/stream")
    response = stream.getresponse()
    record("an agent gets its snapshot", response.status == 200 and "snapshot" in read_until(response, '"frame"'))
    seen.setdefault(("GET", "/v1/agent/stream"), set()).add(response.status)
    newer = daemon.connect(first)
    newer.request("GET", "/v1/agent/stream", headers={"Ringwall-Stream-Versions": "6-7"})
    text = read_until(newer.getresponse(), '"refused"')
    record("an agent of a newer stream is refused with both ranges", "6 to 7" in text and "1 to 2" in text, text)
    newer.close()
    change = step(daemon, "POST", "/v1/security-groups/demo/rules?wait=1s", 202, {"rules": ["allow tcp 7777 from any"]})
    step(daemon, "GET", f"/v1/changes/{change.json['revision']}", 200)
    step(daemon, "GET", f"/v1/changes/{change.json['revision']}?wait=100ms&wait_all=true", 202)
    step(daemon, "GET", "/v1/changes/12345678", 404)
    step(daemon, "GET", "/v1/status", 200)
    walk_questions(daemon)
    step(daemon, "GET", "/v1/audit", 200)
    step(daemon, "GET", "/v1/audit?cluster=nobody", 404)
    step(daemon, "GET", "/v1/audit/summary", 200)
    step(daemon, "GET", "/v1/audit/summary?cluster=nobody", 404)
    step(daemon, "GET", "/v1/nodes/m-1", 200)
    step(daemon, "GET", "/v1/nodes?details=true", 200)
    first_rule = daemon.ask("GET", "/v1/security-groups/demo/rules?limit=1").json["items"][0]["id"]
    flows = step(daemon, "GET", "/v1/flows?node=m-1&cluster=demo&since=2026-01-01T00:00:00Z", 200)
    record("flows are kept", [flow["count"] for flow in flows.json["items"]] == ["7", "3"], str(flows.json))
    for filters, count in (("verdict=refused", 1), ("direction=egress", 0), ("protocol=tcp&port=443", 1), ("limit=1", 1),
                           ("limit=1&after=1", 1), ("until=2026-01-01T00:00:00Z", 0)):
        flows = step(daemon, "GET", "/v1/flows?" + filters, 200)
        record(f"{filters} finds {count}", len(flows.json["items"]) == count, str(flows.json))
    for filters in ("verdict=maybe", "direction=up", "protocol=none", "port=70000", "since=yesterday", "after=x", "limit=0"):
        step(daemon, "GET", "/v1/flows?" + filters, 400)
    step(daemon, "GET", "/v1/flows?node=nobody", 404)
    lately = step(daemon, "GET", "/v1/flows/series?cluster=demo", 200).json
    record("the last day has what was reported now", len(lately["accepted"]) == 288 and sum(lately["accepted"][-2:]) == 3 and
           sum(lately["refused"][-2:]) == 7, str(lately))
    daily = step(daemon, "GET", "/v1/flows/series?step=day&protocol=tcp&since=2026-01-01T00:00:00Z", 200).json
    record("days are asked for by service", sum(daily["accepted"]) == 3 and sum(daily["refused"]) == 0, str(daily))
    refused = step(daemon, "GET", "/v1/flows/series?step=day&verdict=refused&since=2126-01-01T00:00:00Z", 200).json
    record("the future is today", len(refused["accepted"]) == 1, str(refused))
    for filters in ("step=week", "port=443", "since=2026-01-01T00:00:00Z", "step=day&since=never", "verdict=maybe"):
        step(daemon, "GET", "/v1/flows/series?" + filters, 400)
    step(daemon, "GET", "/v1/flows/series?node=nobody", 404)
    report["hits"] = [{"rule": first_rule, "packets": "5"}]
    report["state"] = "ok"
    for packets in ("5", "12"):
        report["hits"][0]["packets"] = packets
        step(daemon, "POST", "/v1/agent/report", 200, report, key=None, certificate=first)
    report["flows"][0].update(port=8443, cause=first_rule)
    step(daemon, "POST", "/v1/agent/report", 200, report, key=None, certificate=first)
    flow = step(daemon, "GET", "/v1/flows?port=8443", 200).json["items"][0]
    group = daemon.ask("GET", "/v1/security-groups/demo").json["id"]
    record("a flow tells whose rule decided, in words", (flow["cause"], flow.get("group")) == (first_rule, group) and
           " from " in flow.get("rule", ""), str(flow))
    gone = step(daemon, "GET", "/v1/flows?port=443", 200).json["items"][0]
    record("a rule that is not there is of no group", "group" not in gone, str(gone))
    report["flows"][0].update(port=443, cause="sgr-1")
    hits = step(daemon, "GET", "/v1/security-groups/demo/hits", 200).json
    record("hits are told by the hour", [(each["rule"], sum(each["hits"]), len(each["hits"])) for each in hits["items"]] ==
           [(first_rule, 7, 24)], str(hits))
    step(daemon, "GET", "/v1/security-groups/nobody/hits", 404)
    follower = daemon.connect()
    follower.request("GET", "/v1/flows/follow?verdict=accepted", headers={"Authorization": "Bearer " + daemon.key})
    flowing = follower.getresponse()
    read_until(flowing, "retry: ")
    step(daemon, "POST", "/v1/agent/report", 200, report, key=None, certificate=first)
    followed = read_until(flowing, "data: ")
    record("a follower sees what is reported", '"port":443' in followed and '"verdict":"accepted"' in followed, followed)
    seen.setdefault(("GET", "/v1/flows/follow"), set()).add(flowing.status)
    follower.close()
    step(daemon, "GET", "/v1/nodes/m-1/preview", 200)
    step(daemon, "GET", "/v1/nodes/member/preview", 400)
    step(daemon, "GET", "/v1/nodes/nowhere/preview", 404)
    step(daemon, "GET", "/v1/clusters/demo/preview", 200)
    step(daemon, "DELETE", f"/v1/nodes/{other.json['node']}", 409)
    step(daemon, "DELETE", f"/v1/nodes/{other.json['node']}?force=offline-node", 200)
    walk_tightening(daemon)
    step(daemon, "POST", "/v1/agent/report", 403, report, key=None, certificate=second)
    step(daemon, "DELETE", "/v1/nodes/m-1?force=management-ssh,offline-node", 200)
    record("a deleted node's stream ends", response.read() is not None)
    stream.close()


def walk_authority(daemon):
    step(daemon, "GET", "/v1/authority", 200)
    step(daemon, "POST", "/v1/authority/switch", 409)
    step(daemon, "POST", "/v1/authority/introduce", 200)
    step(daemon, "POST", "/v1/authority/introduce", 409)
    step(daemon, "POST", "/v1/authority/switch?force=maybe", 400)
    # It makes the server's certificate anew, at once; the file that clients trust holds both.
    step(daemon, "POST", "/v1/authority/switch?force=true", 200)
    step(daemon, "POST", "/v1/authority/retire", 200)
    stage = step(daemon, "GET", "/v1/authority", 200).json
    with open(daemon.ca, encoding="ascii") as file:
        record("a replaced authority is the one of the file", stage["stage"] == "settled" and stage["ca"] == file.read())


def walk_rest(daemon):
    for path in ("/healthz", "/readyz", "/"):
        step(daemon, "GET", path, 200, key=None)
    step(daemon, "GET", "/metrics", 401, key=None)
    step(daemon, "GET", "/metrics", 200)
    everything = step(daemon, "GET", "/v1/log?limit=1000", 200).json["items"]
    for filters, fits in (("who=m-1", lambda each: each["who"] == "m-1"), ("action=delete", lambda each: "delete" in each["action"])):
        found = step(daemon, "GET", f"/v1/log?limit=1000&{filters}", 200).json["items"]
        sequences = [each["sequence"] for each in found]
        record(f"the log finds {filters}", sequences and set(sequences) >= {each["sequence"] for each in everything if fits(each)} and
               len(sequences) < len(everything), str(sequences))
    events = daemon.connect()
    events.request("GET", "/v1/events", headers={"Authorization": "Bearer " + daemon.key})
    response = events.getresponse()
    position = read_until(response, "id: ")[4:].strip()
    step(daemon, "POST", "/v1/networks", 201, {"name": "later", "cidrs": ["10.9.0.0/16"]})
    record("an event tells of the change", "create network" in read_until(response, "data: "))
    events.close()
    events = daemon.connect()
    events.request("GET", "/v1/events", headers={"Authorization": "Bearer " + daemon.key, "Last-Event-ID": position})
    record("the stream of events resumes", "create network" in read_until(events.getresponse(), "data: "))
    events.close()
    seen.setdefault(("GET", "/v1/events"), set()).add(200)
    model = step(daemon, "GET", "/v1/model", 200).json
    step(daemon, "POST", "/v1/model", 409, model)
    for target in ("promises", "load-balancers", "nodes", "clusters", "security-groups", "prefix-lists", "networks"):
        for item in daemon.ask("GET", f"/v1/{target}").json["items"]:
            step(daemon, "DELETE", f"/v1/{target}/{item['id']}", 200)
    step(daemon, "POST", "/v1/model", 201, model)
    record("an imported model is the exported one", daemon.ask("GET", "/v1/model").json == model)
    record("a stop and a start keep everything", daemon.stop() == 0)
    daemon.start()
    record("... the model too", daemon.ask("GET", "/v1/model").json == model)


def check_everything_was_walked():
    missing = [f"{method.upper()} {path}" for path, operations in document["paths"].items() for method in operations
               if (method.upper(), path) not in seen]
    record("every route answered with success at least once", not missing, ", ".join(missing))


def main():
    check_routes()
    check_schemas()
    daemon = Daemon(program)
    try:
        walk_objects(daemon)
        walk_rules(daemon)
        walk_keys(daemon)
        walk_sessions(daemon)
        walk_agents(daemon)
        walk_authority(daemon)
        walk_rest(daemon)
        check_everything_was_walked()
    finally:
        if failures:
            with open(daemon.log.name, encoding="utf-8") as log:
                print(log.read())
        daemon.close()
    sys.exit(1 if failures else 0)


main()
