#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_files.py BUILD      what `make install` puts under a DESTDIR, and that `make uninstall` takes it away"""
import os
import re
import shutil
import subprocess
import sys

build = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tests/support"))
import scratch as scratches  # noqa: E402
PROGRAMS = ["ringwall", "ringwall-agent", "ringwalld"]
PAGES = {"ringwall": "1", "ringwall-agent": "8", "ringwalld": "8", "ringwall-model": "5"}
RIGHTS = {"ringwalld": set(),
          "ringwall-agent": {"CAP_NET_ADMIN", "CAP_BPF", "CAP_PERFMON",  # the agent's
                             "CAP_SETPCAP",  # to give up the others
                             "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_SYS_ADMIN"}}  # the helper's
failures = 0

# Each of these gives a unit mounts of its own (systemd.exec(5)), in which pins would be lost.
PRIVATE_MOUNTS = """BindPaths BindReadOnlyPaths DynamicUser ExecPaths ExtensionImages InaccessiblePaths LogNamespace
MountAPIVFS MountFlags MountImages NoExecPaths PrivateDevices PrivateIPC PrivateMounts PrivateTmp PrivateUsers ProcSubset
ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc
ProtectSystem ReadOnlyPaths ReadWritePaths RootDirectory RootImage TemporaryFileSystem""".split()


def record(text, good, detail=""):
    global failures
    failures += not good
    print(f"{'[       OK ]' if good else '[  FAILED  ]'} {text}{'' if good else f': {detail}'}", flush=True)


def run(*words, **options):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=250, check=False,
                          **options)


def make(target, destdir):
    return run("make", "-s", target, f"BUILD={build}", f"DESTDIR={destdir}", cwd=ROOT)


def files_under(folder):
    return {os.path.relpath(os.path.join(path, name), folder) for path, _, files in os.walk(folder) for name in files}


def check_programs(usr):
    for name in PROGRAMS:
        path = os.path.join(usr, "bin", name)
        result = run(path, "--version")
        record(f"{name} runs from there", result.returncode == 0 and result.stdout.startswith(name + " "), result)
        needed = set(re.findall(r"^\s*(lib\w+)[\w.-]*\.so", run("ldd", path).stdout, re.M))
        record(f"{name} needs no libbpf, libelf or zlib", "libc" in needed and not needed & {"libbpf", "libelf", "libz"}, needed)


def check_manual(usr):
    for name, section in PAGES.items():
        path = os.path.join(usr, f"share/man/man{section}/{name}.{section}")
        # mandoc looks for other pages in the index of the machine; those of ours are looked for here.
        said = [line for line in run("mandoc", "-Tlint", path).stdout.splitlines() if "referenced manual not found" not in line]
        record(f"{name}({section}) is clean for mandoc -Tlint", os.path.exists(path) and not said, "\n".join(said))
        with open(path, encoding="utf-8") as page:
            others = re.findall(r"^\.Xr (\S+) (\d)", page.read(), re.M)
        record(f"{name}({section}) refers to pages that are there", others and all(
            PAGES.get(other) == number for other, number in others), others)
    for name in PROGRAMS:
        section = PAGES[name]
        shown = run("mandoc", "-Tascii", "-O", "width=200", os.path.join(usr, f"share/man/man{section}/{name}.{section}"))
        text = re.sub(".\b", "", shown.stdout)
        described = run(os.path.join(usr, "bin", name), "--print-completion").stdout
        commands = re.findall(r'^\t"([a-z -]+)"(?:\\ \*)?\) words="(.*)" ;;$', described, re.M)
        missing = [path for path, _ in commands if f"   {name} {path}\n" not in text]
        missing += [option for _, options in commands for option in options.split() if option != "--help" and option not in text]
        record(f"{name}({section}) has every command and option", len(commands) >= 4 and not missing, missing)
        record(f"{name}({section}) has exit codes and examples", "\nEXIT STATUS\n" in text and "\nEXAMPLES\n" in text)


def check_completion(usr):
    script = ('source "$1"; shift; name=$1; function=_${name//-/_}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $function; '
              'printf "%s\\n" "${COMPREPLY[@]}"')

    def complete(*words):
        path = os.path.join(usr, "share/bash-completion/completions", words[0])
        return set(run("bash", "--norc", "-euc", script, "bash", path, *words).stdout.split())

    record("bash completes ringwall", complete("ringwall", "rule", "a") == {"add"})
    record("bash completes ringwall-agent", complete("ringwall-agent", "de") == {"detach"}
           and "--ca-fingerprint" in complete("ringwall-agent", "join", "--ca"), complete("ringwall-agent", "join", "--ca"))
    record("bash completes ringwalld", complete("ringwalld", "--state", "x", "back") == {"backup"}
           and complete("ringwalld", "backup", "--without") == {"--without-keys"})


def check_units(usr, scratch):
    folder = os.path.join(usr, "lib/systemd/system")
    copies = []
    for name in ("ringwalld", "ringwall-agent"):
        with open(os.path.join(folder, f"{name}.service"), encoding="utf-8") as file:
            unit = file.read()
        record(f"{name}.service starts the installed program", f"\nExecStart=/usr/local/bin/{name}" in unit)
        # As it will be on the machine: programs at their place, the manual left alone.
        copies.append(os.path.join(scratch, f"{name}.service"))
        with open(copies[-1], "w", encoding="utf-8") as file:
            file.write(unit.replace("/usr/local/", usr + "/"))
        settings = dict(re.findall(r"^(\w+)=(.*)$", unit, re.M))
        record(f"{name}.service gains no privileges", settings["NoNewPrivileges"] == "yes"
               and set(settings["CapabilityBoundingSet"].split()) == RIGHTS[name], settings)
        if name == "ringwall-agent":
            private = [key for key in settings if key in PRIVATE_MOUNTS]
            record("ringwall-agent.service has no mounts of its own", not private, private)
            record("ringwall-agent.service is there before the network", "network-pre.target" in settings["Before"]
                   and "sys-fs-bpf.mount" in settings["After"] and settings["Requires"] == "sys-fs-bpf.mount", settings)
    if not shutil.which("systemd-analyze"):
        record("systemd-analyze is there", False, "install systemd")
        return
    result = run("systemd-analyze", "verify", "--man=no", *copies)
    # The BPF file system's unit is made by pid 1 when it mounts it; nothing else may be missing.
    said = [line for line in result.stdout.splitlines() if "sys-fs-bpf.mount not found" not in line]
    record("systemd-analyze verify has nothing to say", not said, "\n".join(said))
    for path, most in zip(copies, (15, 50)):
        result = run("systemd-analyze", "security", "--offline=true", f"--threshold={most}", path)
        record(f"{os.path.basename(path)} is exposed at most {most / 10}", result.returncode == 0, result.stdout[-600:])


def main():
    with scratches.folder() as scratch:
        destdir = os.path.join(scratch, "root")
        usr = os.path.join(destdir, "usr/local")
        result = make("install", destdir)
        record("make install succeeds", result.returncode == 0, result.stdout)
        installed = files_under(destdir)
        check_programs(usr)
        check_manual(usr)
        check_completion(usr)
        check_units(usr, scratch)
        stranger = os.path.join(usr, "bin/stranger")
        with open(stranger, "w", encoding="ascii") as file:
            file.write("not ours\n")
        result = make("uninstall", destdir)
        left = files_under(destdir)
        record("make uninstall takes away all that it put there, and nothing else", result.returncode == 0
               and len(installed) >= 13 and left == {"usr/local/bin/stranger"}, (result.stdout, left))
        record("make uninstall leaves no folders of its own", not os.path.exists(os.path.join(usr, "lib/systemd")))
        result = make("uninstall", destdir)
        record("make uninstall may be repeated", result.returncode == 0, result.stdout)
        result = run("make", "-s", "install", f"BUILD={build}", "PREFIX=relative", f"DESTDIR={destdir}", cwd=ROOT)
        record("a relative PREFIX is refused", result.returncode != 0 and "absolute" in result.stdout, result.stdout)
    sys.exit(1 if failures else 0)


main()
