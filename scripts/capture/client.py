"""Does with kazoo whatever it can do of what ops/wire knows.

Usage: client.py SERVER. A byte on standard output asks for the connection to be cut.
"""

import sys
import threading

from kazoo import exceptions
from kazoo.client import KazooClient, KazooState


def fails(kind, f, *args, **kwargs):
    try:
        f(*args, **kwargs)
    except kind:
        return
    raise AssertionError(f"{f} did not fail with {kind}")


def watched(_event):
    """Is there to have a watch."""


def main():
    zk = KazooClient(hosts=sys.argv[1], timeout=10.0)
    zk.start(timeout=60)
    fired = [threading.Event() for _ in range(3)]
    zk.create("/py", b"one")
    zk.create("/py/two", b"2", include_data=True)
    zk.create("/py/e", b"", ephemeral=True)
    zk.create("/py/s-", b"", sequence=True)
    zk.create("/py/a/b/c", b"deep", makepath=True)
    fails(exceptions.NodeExistsError, zk.create, "/py", b"")
    fails(exceptions.NoNodeError, zk.create, "/none/x", b"")
    fails(exceptions.NoNodeError, zk.get, "/none")
    zk.get("/py", watch=lambda e: fired[0].set())
    zk.get_children("/py", watch=lambda e: fired[1].set())
    zk.get_children("/py", include_data=True)
    zk.exists("/py/later", watch=lambda e: fired[2].set())
    zk.set("/py", b"two", version=0)
    fails(exceptions.BadVersionError, zk.set, "/py", b"", version=9)
    zk.create("/py/later", b"")
    for event in fired:
        if not event.wait(60):
            raise AssertionError("an event did not come")
    fails(exceptions.NotEmptyError, zk.delete, "/py")
    zk.delete("/py/later", version=0)
    zk.sync("/py")
    t = zk.transaction()
    t.create("/py/t", b"x")
    t.set_data("/py/t", b"y")
    t.check("/py/t", 1)
    t.delete("/py/t", 1)
    assert not any(isinstance(r, Exception) for r in t.commit())
    t = zk.transaction()
    t.create("/py/t", b"x")
    t.check("/py/t", 7)
    t.delete("/py/t")
    assert all(isinstance(r, Exception) for r in t.commit())
    back = threading.Event()
    zk.get("/py", watch=watched)
    zk.get_children("/py", watch=watched)
    zk.exists("/py/never", watch=watched)
    zk.add_listener(lambda state: state == KazooState.CONNECTED and back.set())
    sys.stdout.write(".")
    sys.stdout.flush()
    if not back.wait(60):
        raise AssertionError("the session was not taken up")
    assert zk.exists("/py/e").owner_session_id == zk.client_id[0]
    zk.stop()


main()
