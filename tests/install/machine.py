# SPDX-License-Identifier: Apache-2.0
"""A bare machine for the tests of the installation pages: namespaces of its own, and nothing of ringwall on it.

It has its own network, mounts, processes and host name.  /usr/local is what `make install` puts under DESTDIR; /etc,
/root, /run and /var/lib are its own.  /sys/fs/bpf is a folder of the real one: what is pinned there is pinned for pid 1
of the host, as on a real machine, and no other test meets it.

Everything in it ends with the process that made it, also when that is killed.
"""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BPFFS = "/sys/fs/bpf"
PREFIX = "rwt-install-"
OWN = ["etc", "root", "run", "var/lib"]


def require():
    """Exits with 77 ("skipped") where namespaces and BPF file systems are not to be had."""
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(77)
    if not os.path.ismount(BPFFS):
        subprocess.run(["mount", "-t", "bpf", "bpf", BPFFS], check=False)
    if not os.path.ismount(BPFFS):
        print("there is no BPF file system")
        sys.exit(77)


def remove_tree(path):
    """Removes a folder; shutil's way wants file types that a BPF file system does not tell."""
    for folder, _, files in os.walk(path, topdown=False):
        for name in files:
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)


def remove_leftovers():
    """Pins of test processes that were killed."""
    for name in os.listdir(BPFFS):
        if name.startswith(PREFIX) and not os.path.exists(f"/proc/{name[len(PREFIX):].split('-')[0]}"):
            remove_tree(os.path.join(BPFFS, name))


class Machine:
    def __init__(self, scratch, name, build):
        self.name = name
        self.folder = os.path.join(scratch, name)
        self.destdir = os.path.join(self.folder, "destdir")
        self.pins = os.path.join(BPFFS, f"{PREFIX}{os.getpid()}-{name}")
        self.build = build
        for folder in ["bin", "destdir/usr/local", *OWN]:
            os.makedirs(os.path.join(self.folder, folder))
        os.rmdir(os.path.join(self.folder, "etc"))
        shutil.copytree("/etc", os.path.join(self.folder, "etc"), symlinks=True)
        os.symlink(os.path.join(HERE, "systemctl"), os.path.join(self.folder, "bin/systemctl"))
        os.mkdir(os.path.join(self.folder, "var/lib/dpkg"))
        os.mkdir(self.pins)
        self.programs = []
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork",
             "--kill-child", "--propagation", "private", "--mount-proc", "sh", "-c", "echo ready; exec sleep infinity"],
            stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n", "no namespaces"
        with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children", encoding="ascii") as children:
            self.init = children.read().split()[0]
        binds = [("/var/lib/dpkg", os.path.join(self.folder, "var/lib/dpkg"))]  # which packages there are
        binds += [(os.path.join(self.folder, folder), "/" + folder) for folder in OWN]
        binds += [(os.path.join(self.destdir, "usr/local"), "/usr/local"), (self.pins, BPFFS)]
        self.run(" && ".join([f"mount --rbind {source} {target}" for source, target in binds]
                             + [f"hostname {name}", "ip link set lo up"]))

    def environment(self):
        return {"PATH": f"{self.folder}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": "/root", "LC_ALL": "C.UTF-8", "DESTDIR": self.destdir, "BUILD": self.build,
                **{name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")}}

    def command(self, *words):
        return ["nsenter", "-t", self.init, "--net", "--mount", "--uts", "--ipc", "--pid", "--", *words]

    def run(self, line, code=0, folder=ROOT):
        """Runs a line of shell as its administrator would type it; gives what it printed."""
        done = subprocess.run(self.command("sh", "-c", f"cd {folder} && {line}"), env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
        assert done.returncode == code, f"{self.name}: {line}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def logs(self):
        """What the services said."""
        text = ""
        folder = os.path.join(self.folder, "run")
        for name in sorted(os.listdir(folder)):
            if name.endswith(".log"):
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as log:
                    text += f"{self.name}: {name}:\n{log.read()[-3000:]}"
        return text

    def spawn(self, *words):
        """A program that lives as long as the machine; its standard output is a pipe."""
        self.programs.append(subprocess.Popen(self.command(*words), env=self.environment(), stdin=subprocess.DEVNULL,
                                              stdout=subprocess.PIPE, text=True))
        return self.programs[-1]

    def close(self):
        self.holder.kill()
        for process in [self.holder, *self.programs]:
            process.wait()
            process.stdout.close()
        if os.path.isdir(self.pins):
            remove_tree(self.pins)


def connect(one, two, addresses):
    """A wire between two machines: eth0 at both ends."""
    subprocess.run(["ip", "link", "add", "eth0", "netns", one.init, "type", "veth", "peer", "name", "eth0", "netns",
                    two.init], check=True)
    for machine, address in zip((one, two), addresses):
        machine.run(f"ip address add {address}/24 dev eth0 && ip link set eth0 up")


def commands(page):
    """The lines of the page's shell blocks, as (machine, line): '```sh node'.  'both' gives one for each."""
    found, where = [], None
    with open(page, encoding="utf-8") as text:
        for line in text:
            if line.startswith("```"):
                words = line[3:].split()
                where = words[1] if len(words) == 2 and words[0] == "sh" else None
            elif where and found and found[-1][1].endswith("\\\n"):
                found[-1] = (found[-1][0], found[-1][1] + line)
            elif where and line.strip():
                found.append((where, line))
    return [(where, line.strip()) for where, line in found]
