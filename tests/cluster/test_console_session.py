#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_console_session.py RINGWALLD RINGWALL

Sessions of browsers against a real ringwalld over TLS: how they begin and end, and what somebody does who would like to
have one that is not his; the files of the console.
"""
import gzip
import re
import sys

from cli import Cli, check, finish, the_daemon_ends_well
from daemon import Daemon


class Browser:
    """What a browser keeps: one cookie, and what the page knows."""

    def __init__(self, daemon):
        self.daemon, self.cookie, self.csrf = daemon, None, None

    def ask(self, method, target, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            headers["Cookie"] = self.cookie
        answer = self.daemon.ask(method, target, body, key=None, headers=headers)
        sent = answer.headers.get_all("Set-Cookie") or []
        assert len(sent) <= 1, sent
        for each in sent:
            value = each.split(";")[0]
            self.cookie = None if value.endswith("=") else value
        return answer

    def change(self, method, target, body=None, **headers):
        return self.ask(method, target, body, Ringwall_Csrf=self.csrf, **headers)

    def sign_in(self, **how):
        answer = self.ask("POST", "/v1/session", how)
        if answer.status == 200:
            self.csrf = answer.json["csrf"]
        return answer


def link_of(cli):
    return cli.run("console", "-o", "json").json["url"].split("#")[1]


def the_cookie_is_for_this_host_over_tls_and_for_no_script(cli, daemon):
    browser = Browser(daemon)
    answer = browser.sign_in(key=daemon.key)
    assert answer.status == 200 and answer.json["role"] == "admin", answer.text
    sent = answer.headers["Set-Cookie"]
    assert re.fullmatch(r"__Host-ringwall=[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict", sent), sent
    assert browser.ask("GET", "/v1/session").json == answer.json


def what_is_there_before_signing_in_is_worth_nothing_after(cli, daemon):
    browser = Browser(daemon)
    browser.cookie = planted = "__Host-ringwall=" + "A" * 43
    assert browser.sign_in(key=daemon.key).status == 200
    assert browser.cookie != planted
    victim = browser.cookie
    browser.cookie = planted
    assert browser.ask("GET", "/v1/session").status == 401
    browser.cookie = victim
    assert browser.sign_in(key=daemon.key).status == 200 and browser.cookie != victim
    browser.cookie = victim
    assert browser.ask("GET", "/v1/session").status == 401, "the session before was not ended"


def another_site_changes_nothing(cli, daemon):
    browser = Browser(daemon)
    browser.sign_in(key=daemon.key)
    network = {"name": "stolen", "cidrs": ["10.0.0.0/16"]}
    own = f"https://127.0.0.1:{daemon.port}"
    for headers in ({}, {"Ringwall_Csrf": ""}, {"Ringwall_Csrf": "A" * 43}, {"Ringwall_Csrf": browser.csrf[:-1]},
                    {"Ringwall_Csrf": browser.csrf, "Origin": "https://evil.example"},
                    {"Ringwall_Csrf": browser.csrf, "Origin": own.replace("https", "http")},
                    {"Ringwall_Csrf": browser.csrf, "Origin": "null"},
                    {"Ringwall_Csrf": browser.csrf, "Sec_Fetch_Site": "cross-site"},
                    {"Ringwall_Csrf": browser.csrf, "Sec_Fetch_Site": "same-site"}):
        answer = browser.ask("POST", "/v1/networks", network, **headers)
        assert answer.status == 403 and answer.json["type"] == "urn:ringwall:problem:csrf", (headers, answer.text)
    assert not cli.run("network", "list", "-o", "json").json["items"]
    answer = browser.change("POST", "/v1/networks", network, Origin=own, Sec_Fetch_Site="same-origin")
    assert answer.status == 201, answer.text
    assert browser.change("DELETE", "/v1/networks/stolen").status == 200
    assert not browser.ask("GET", "/v1/session").headers.get("Access-Control-Allow-Origin")


def nobody_is_signed_in_by_another_site(cli, daemon):
    for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
        browser = Browser(daemon)
        answer = browser.ask("POST", "/v1/session", {"key": daemon.key}, **headers)
        assert answer.status == 403 and not browser.cookie, answer.text
    # What a form can send: a text that happens to be JSON.
    answer = Browser(daemon).ask("POST", "/v1/session", f'{{"key":"{daemon.key}"}}', Content_Type="text/plain")
    assert answer.status == 400, answer.text


def a_link_works_once_and_not_for_who_repeats_it(cli, daemon):
    printed = cli.run("console")
    assert re.fullmatch(rf"https://[\w.:\[\]-]+:{daemon.port}/sign-in#cl-[0-9a-f]{{16}}\.[\w-]{{43}}\n", printed.out), printed
    assert "once" in printed.err
    link = link_of(cli)
    browser, thief = Browser(daemon), Browser(daemon)
    assert browser.sign_in(link=link).json["name"] == "admin"
    answer = thief.sign_in(link=link)
    assert answer.status == 401 and "not valid" in answer.json["detail"] and not thief.cookie, answer.text
    assert thief.ask("GET", "/v1/whoami").status == 401
    assert browser.change("POST", "/v1/console-links").status == 403, "a session prolonged itself"


def a_link_gives_no_more_than_its_key(cli, daemon):
    made = cli.run("key", "create", "looker", "--role", "viewer", "-o", "json").json
    looker = Cli(cli.program, daemon, cli.home, made["key"], "looker")
    browser = Browser(daemon)
    assert browser.sign_in(link=link_of(looker)).json["role"] == "viewer"
    answer = browser.change("POST", "/v1/networks", {"name": "x", "cidrs": ["10.0.0.0/16"]})
    assert answer.status == 403 and answer.json["type"].endswith(":forbidden"), answer.text


def read_until(response, wanted):
    while True:
        line = response.readline().decode()
        if wanted in line or not line:
            return line


def a_revoked_key_ends_its_sessions_and_their_streams(cli, daemon):
    made = cli.run("key", "create", "leaver", "--role", "operator", "-o", "json").json
    browser = Browser(daemon)
    browser.sign_in(key=made["key"])
    streams = []
    for path in ("/v1/events", "/v1/flows/follow"):
        connection = daemon.connect()
        connection.request("GET", path, headers={"Cookie": browser.cookie})
        response = connection.getresponse()
        assert response.status == 200 and read_until(response, "retry: ")
        streams.append((connection, response))
    cli.run("key", "revoke", made["id"])
    for connection, response in streams:
        response.read()  # to its end, which comes
        connection.close()
    cookie = browser.cookie
    assert browser.ask("GET", "/v1/whoami").status == 401
    assert not browser.cookie, "the browser was not told to forget the cookie"
    assert browser.sign_in(key=made["key"]).status == 401
    browser.cookie = cookie
    assert browser.ask("GET", "/v1/events").status == 401


def signing_out_ends_the_session_for_who_copied_it_too(cli, daemon):
    browser, thief = Browser(daemon), Browser(daemon)
    browser.sign_in(key=daemon.key)
    thief.cookie, thief.csrf = browser.cookie, browser.csrf
    assert thief.ask("GET", "/v1/whoami").status == 200
    answer = browser.change("DELETE", "/v1/session")
    assert answer.status == 204 and not answer.text and not browser.cookie, answer.text
    assert thief.ask("GET", "/v1/whoami").status == 401


def changes_by_the_console_are_told_as_such(cli, daemon):
    browser = Browser(daemon)
    browser.sign_in(key=daemon.key)
    browser.change("POST", "/v1/networks", {"name": "seen", "cidrs": ["10.0.0.0/16"]})
    cli.run("network", "delete", "seen")
    by_key, by_browser = cli.run("log", "--limit", "2", "-o", "json").json["items"]
    assert "via" not in by_key and by_browser["via"] == "console" and by_browser["who"] == "admin", by_browser
    assert "ringwall_console_sessions 0\n" not in daemon.ask("GET", "/metrics").text


def no_secret_is_in_the_log(cli, daemon):
    link = link_of(cli)
    browser = Browser(daemon)
    browser.sign_in(link=link)
    with open(daemon.log.name, encoding="utf-8") as log:
        text = log.read()
    assert "signed in to the console" in text
    for secret in (link.split(".")[1], browser.cookie.split("=")[1], browser.csrf, daemon.key.split(".")[1]):
        assert secret not in text


def who_guesses_is_refused_unseen(cli, daemon):
    browser = Browser(daemon)

    def guess():
        """Until it is refused; of what a minute allows, some may be left over in the next."""
        statuses = []
        while 429 not in statuses:
            n = len(statuses)
            wrong = {"key": f"k-{n:016x}." + "A" * 43} if n < 10 else {"link": f"cl-{n:016x}." + "A" * 43}
            statuses.append(browser.sign_in(**wrong).status)
            assert statuses[-1] in (401, 429) and n < 100, statuses

    guess()
    answer = browser.sign_in(key=daemon.key)
    if answer.status != 429:
        guess()
        answer = browser.sign_in(key=daemon.key)
    assert answer.status == 429 and answer.headers["Retry-After"] == "60", answer.text


def the_page_has_another_nonce_each_time(cli, daemon):
    nonces = set()
    for path in ("/", "/", "/clusters/c-1"):
        page = daemon.ask("GET", path, key=None, headers={"Accept": "text/html"})
        policy = page.headers["Content-Security-Policy"]
        nonce = re.search(r"style-src 'self' 'nonce-([0-9a-f]{32})';", policy)[1]
        assert page.status == 200 and page.type == "text/html" and page.headers["Cache-Control"] == "no-store", page.text
        assert policy.startswith("default-src 'none'; script-src 'self';") and "unsafe" not in policy, policy
        assert set(re.findall(r'nonce="([^"]*)"', page.text)) == {nonce}, page.text
        assert not re.search(r'(src|href)="(https?:)?//', page.text), "the page loads from elsewhere"
        nonces.add(nonce)
    assert len(nonces) == 3, nonces


def fetch(daemon, path, **headers):
    """The bytes as they come."""
    connection = daemon.connect()
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def files_are_kept_by_browsers_and_packed_for_them(cli, daemon):
    paths = re.findall(r'(?:src|href)="(/[^"]+)"', daemon.ask("GET", "/", key=None).text)
    assert any(path.endswith(".js") for path in paths), paths
    for path in [*paths, "/licences.txt"]:
        plain, content = fetch(daemon, path)
        packed, packed_content = fetch(daemon, path, Accept_Encoding="gzip, br")
        assert plain.status == packed.status == 200 and not plain.headers["Content-Encoding"], path
        if packed.headers["Content-Encoding"]:
            assert gzip.decompress(packed_content) == content and len(packed_content) < len(content), path
            assert plain.headers["ETag"] != packed.headers["ETag"] and packed.headers["Vary"] == "Accept-Encoding", path
        again, nothing = fetch(daemon, path, If_None_Match=plain.headers["ETag"])
        assert again.status == 304 and not nothing and again.headers["ETag"] == plain.headers["ETag"], path
        assert fetch(daemon, path, If_None_Match='"0"')[0].status == 200
        hashed = path.startswith("/assets/")
        assert plain.headers["Cache-Control"] == ("public, max-age=31536000, immutable" if hashed else "no-cache"), path
        assert plain.headers["X-Content-Type-Options"] == "nosniff"


def sessions_are_gone_with_the_process(cli, daemon):
    browser = Browser(daemon)
    browser.sign_in(key=daemon.key)
    assert daemon.stop() == 0
    daemon.start()
    assert browser.ask("GET", "/v1/session").status == 401


def main():
    daemon = Daemon(sys.argv[1])
    try:
        cli = Cli(sys.argv[2], daemon, daemon.home())
        for test in (the_cookie_is_for_this_host_over_tls_and_for_no_script,
                     what_is_there_before_signing_in_is_worth_nothing_after, another_site_changes_nothing,
                     nobody_is_signed_in_by_another_site, a_link_works_once_and_not_for_who_repeats_it,
                     a_link_gives_no_more_than_its_key, a_revoked_key_ends_its_sessions_and_their_streams,
                     signing_out_ends_the_session_for_who_copied_it_too, changes_by_the_console_are_told_as_such,
                     no_secret_is_in_the_log, sessions_are_gone_with_the_process, who_guesses_is_refused_unseen):
            check(test, cli, daemon)
        if daemon.ask("GET", "/", key=None).type == "text/html":  # built with Node
            check(the_page_has_another_nonce_each_time, cli, daemon)
            check(files_are_kept_by_browsers_and_packed_for_them, cli, daemon)
        check(the_daemon_ends_well, daemon)
    finally:
        daemon.close()
    finish()


main()
