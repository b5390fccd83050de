"""How the peer connects, and how it writes down what came of an operation."""

import itertools
import queue
import re

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.protocol.states import ZnodeStat

PATIENCE = 60  # seconds; bounds every wait, measures none


def connect(servers, timeout=10, **more):
    """A session. The exception of a start that fails ends the program."""
    client = KazooClient(hosts=servers, timeout=timeout, **more)
    client.start(timeout=PATIENCE)
    return client


def say(*parts):
    print(*parts, flush=True)


def op(label, do, client=None):
    """Does one thing and says what came of it. client is who "mine" is."""
    try:
        result = show(do(), client)
    except KazooException as e:  # its words are kazoo's, and say no more than its name
        result = "failed: " + type(e).__name__
    say(f"{label}: {result}")


def show(value, client=None):
    if isinstance(value, ZnodeStat):
        return stat(value, client)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show(v, client) for v in value) + "]"
    if isinstance(value, KazooException):
        return type(value).__name__
    if isinstance(value, bytes) and len(value) > 100:
        return f"{len(value)} bytes"
    if isinstance(value, (str, bytes)):
        return re.sub(r"[0-9a-f]{32}", "UUID", repr(value))
    return repr(value)


def stat(s, client):
    owner = "none"
    if s.ephemeralOwner:
        owner = "mine" if client and s.ephemeralOwner == client.client_id[0] else "another's"
    changed = "later" if s.mtime > s.ctime or s.version > 0 and s.mtime == s.ctime else "never" if s.mtime == s.ctime else "BEFORE"
    return (
        f"{{czxid={s.czxid:#x} mzxid={s.mzxid:#x} pzxid={s.pzxid:#x} version={s.version} cversion={s.cversion} "
        f"aversion={s.aversion} length={s.dataLength} children={s.numChildren} owner={owner} changed={changed}}}"
    )


class Events:
    """The events that a client's watches gave, in order.

    The end of a session is to be waited for: kazoo's stop asks the server for it, and
    does not wait for the answer."""

    fences = itertools.count()

    def __init__(self, client):
        self.client = client
        self.queue = queue.Queue()

    def note(self, name):
        return lambda event: self.queue.put((name, event.type, event.state, event.path))

    def wait(self):
        """The next event, and those of changes made until it came."""
        return [self.queue.get(timeout=PATIENCE)] + self.take()

    def take(self):
        """All events of changes made until now. Since events come in the order of
        changes, what this makes and watches itself comes after them."""
        fence = f"/fence-{next(self.fences)}"
        self.client.exists(fence, watch=self.note("fence"))
        self.client.create(fence, b"", ephemeral=True)
        taken = []
        while True:
            event = self.queue.get(timeout=PATIENCE)
            if event[0] == "fence":
                self.client.delete(fence)
                return taken
            taken.append(event)
