"""What becomes of sessions: namespaces, a move to another server, and the end."""

import subprocess
import sys

from transcript import PATIENCE, Events, connect, op, say


def hold(server, path, timeout):
    """A client that will be killed: it makes an ephemeral, says what its session is,
    and keeps that alive."""
    client = connect(server, timeout=float(timeout))
    client.create(path, b"", ephemeral=True)
    sid, password = client.client_id
    say(sid, password.hex())
    sys.stdin.read()  # ends with the process that started this one


class Victim:
    """A session in a process of its own, which can be killed."""

    def __init__(self, server, path, timeout):
        self.process = subprocess.Popen(
            [sys.executable, sys.argv[0], server, path, str(timeout)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        sid, password = self.process.stdout.readline().split()
        self.session = int(sid), bytes.fromhex(password.decode())

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


def all_of_them(a, servers):
    for part in (chroot, moved, expired, words):
        say("#", part.__name__)
        part(a, servers)


def chroot(a, servers):
    a.create("/root", b"")
    c = connect(servers + "/root/of")
    seen = Events(c)
    op("children of /", lambda: c.get_children("/"))
    op("create before the root is there", lambda: c.create("/x"))
    op("make the root", lambda: c.ensure_path("/"))
    op("create", lambda: c.create("/x", b"data"))
    op("create sequential", lambda: c.create("/x/s-", b"", sequence=True))
    op("get", lambda: c.get("/x"))
    c.get("/x", watch=seen.note("x"))
    c.set("/x", b"y")
    op("event", seen.take)
    t = c.transaction()
    t.create("/x/t", b"")
    t.check("/x", 1)
    op("transaction", t.commit)
    op("children of /", lambda: c.get_children("/"))
    c.stop()
    a.sync("/root")
    op("seen from outside", lambda: sorted(a.get_children("/root/of/x")))
    op("clear", lambda: a.delete("/root", recursive=True))


def moved(a, servers):
    hosts = servers.split(",")
    victim = Victim(hosts[0], "/moved", 30)
    victim.kill()
    b = connect(hosts[1], timeout=30, client_id=victim.session)
    op("the session goes on, on another server", lambda: b.client_id == victim.session)
    b.sync("/moved")
    op("its ephemeral is there", lambda: b.exists("/moved"), b)
    op("it writes", lambda: b.set("/moved", b"x"), b)
    seen = Events(a)
    a.sync("/moved")
    op("seen by another", lambda: a.exists("/moved", watch=seen.note("moved")), a)
    b.stop()
    op("after its end", seen.wait)
    victim = Victim(hosts[2], "/other", 30)
    victim.kill()
    b = connect(hosts[0], timeout=30, client_id=(victim.session[0], b"\1" * 16))
    op("a wrong password gets that session", lambda: b.client_id[0] == victim.session[0])
    b.sync("/other")
    op("the ephemeral is not its own", lambda: b.exists("/other"), b)
    b.stop()
    b = connect(hosts[1], timeout=30, client_id=victim.session)
    op("the right one does", lambda: b.client_id == victim.session)
    a.sync("/other")
    a.exists("/other", watch=seen.note("other"))
    b.stop()
    op("after its end", seen.wait)


def expired(a, servers):
    hosts = servers.split(",")
    seen = Events(a)
    victim = Victim(hosts[1], "/expired", 4)
    a.sync("/expired")
    op("an ephemeral of a client", lambda: a.exists("/expired", watch=seen.note("expired")), a)
    victim.kill()
    op("that was killed goes by itself", seen.wait)
    b = connect(hosts[2], client_id=victim.session)
    op("its session can be had again", lambda: b.client_id[0] == victim.session[0])
    b.stop()


def words(a, servers):
    each = [connect(server) for server in servers.split(",")]
    op("ruok", lambda: [c.command(b"ruok") for c in each])
    op("isro", lambda: [c.command(b"isro") for c in each])
    answers = sorted((dict(line.split(": ", 1) for line in c.command(b"srvr").splitlines()) for c in each), key=lambda d: d["Mode"])
    for d in answers:
        say("srvr of a", d["Mode"] + ":", ", ".join(d))
    op("a version that kazoo can read", lambda: all(len(c.server_version()) >= 3 for c in each))
    op("not a word", lambda: a.command(b"nope"))
    for c in each:
        c.stop()
