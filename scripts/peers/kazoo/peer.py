"""Does with kazoo what a program does with ZooKeeper, and prints what came of it.

    peer.py HOST:PORT,HOST:PORT,HOST:PORT

One line for each operation, with its result or error. What differs between two runs on
equal ensembles is not printed (times, session ids, addresses) or printed as a relation
("mine", "later"), but for zxids: who compares two outputs replaces them by their order.
The exit status is 0 if every operation was done, whatever came of it.
"""

import queue
import sys

from kazoo.security import ACL, CREATOR_ALL_ACL, Id

import recipes
import sessions
from transcript import PATIENCE, Events, connect, op, say


def creating(a):
    say("# creating")
    op("create /k", lambda: a.create("/k", b"one"))
    op("create it again", lambda: a.create("/k", b"two"))
    op("create without parent", lambda: a.create("/k/no/x"))
    op("create with parents", lambda: a.create("/k/p/q/r", b"deep", makepath=True))
    op("ensure path", lambda: a.ensure_path("/k/p/q/r/s"))
    op("create without data", lambda: a.create("/k/empty"))
    op("create with null data", lambda: a.create("/k/null", None))
    op("create ephemeral", lambda: a.create("/k/e", b"", ephemeral=True))
    op("create under an ephemeral", lambda: a.create("/k/e/x"))
    for _ in range(3):
        op("create sequential", lambda: a.create("/k/s-", b"", sequence=True))
    op("delete one", lambda: a.delete("/k/s-0000000005"))
    op("create sequential", lambda: a.create("/k/s-", b"", sequence=True))
    op("create ephemeral sequential", lambda: a.create("/k/es-", b"", ephemeral=True, sequence=True))
    op("create sequential without a name", lambda: a.create("/k/p/", b"", sequence=True))
    op("create and tell", lambda: a.create("/k/told", b"12345", include_data=True))
    op("create ephemeral and tell", lambda: a.create("/k/etold", b"", ephemeral=True, include_data=True), a)
    op("create with a name in Greek", lambda: a.create("/k/αβγ 1", "λόγος".encode()))
    op("create with a control byte in its name", lambda: a.create("/k/\x01", b""))
    op("create in /zookeeper", lambda: a.create("/zookeeper/k", b""))
    op("delete what is in /zookeeper", lambda: a.delete("/zookeeper/k"))
    op("create /", lambda: a.create("/", b""))
    op("create with an ACL of no known scheme", lambda: a.create("/k/acl", b"", acl=[ACL(31, Id("nope", "x"))]))
    op("create for whoever I am, and I am nobody", lambda: a.create("/k/acl", b"", acl=CREATOR_ALL_ACL))


def reading(a):
    say("# reading")
    op("get /k", lambda: a.get("/k"))
    op("get what has no data", lambda: a.get("/k/empty"))
    op("get what has null data", lambda: a.get("/k/null"))
    op("get an ephemeral", lambda: a.get("/k/e"), a)
    op("get what is not there", lambda: a.get("/k/no"))
    op("get the name in Greek", lambda: a.get("/k/αβγ 1")[0].decode())
    op("exists", lambda: a.exists("/k/p"))
    op("exists what is not there", lambda: a.exists("/k/no"))
    op("children", lambda: sorted(a.get_children("/k")))
    op("children of none", lambda: a.get_children("/k/empty"))
    op("children of what is not there", lambda: a.get_children("/k/no"))
    op("children with stat", lambda: a.get_children("/k/p", include_data=True)[1])
    op("children of /", lambda: sorted(a.get_children("/")))
    op("children of /zookeeper", lambda: sorted(a.get_children("/zookeeper")))
    op("stat of /", lambda: a.exists("/").data_length)


def writing(a):
    say("# writing")
    op("set", lambda: a.set("/k", b"three"))
    op("set of version 1", lambda: a.set("/k", b"four", version=1))
    op("set of version 1", lambda: a.set("/k", b"five", version=1))
    op("get", lambda: a.get("/k"))
    op("set what is not there", lambda: a.set("/k/no", b""))
    op("set to null", lambda: a.set("/k/told", None))
    op("get null", lambda: a.get("/k/told"))
    op("set a child", lambda: a.set("/k/p", b"x").version)
    op("stat of its parent", lambda: a.exists("/k"))
    before = a.exists("/k").mzxid
    op("set in vain", lambda: a.set("/k", b"", version=99))
    op("set again", lambda: a.set("/k", b"six").mzxid - before)
    op("a write is the last that its reply knows of", lambda: a.last_zxid == a.exists("/k").mzxid)
    big = b"x" * 1_000_000
    op("set a million bytes", lambda: a.set("/k/big", big))
    op("create a million bytes", lambda: a.create("/k/big", big))
    op("get a million bytes", lambda: a.get("/k/big")[0] == big)
    pending = [a.set_async("/k/p", b"%d" % i) for i in range(50)] + [a.get_async("/k/p")]
    done = [p.get(timeout=PATIENCE) for p in pending]
    say("fifty sets without a wait", [s.version for s in done[:-1]] == list(range(2, 52)), done[-1][0])
    op("sync", lambda: a.sync("/k"))
    op("sync what is not there", lambda: a.sync("/nope"))


def deleting(a):
    say("# deleting")
    op("delete what has children", lambda: a.delete("/k/p"))
    op("delete of version 7", lambda: a.delete("/k/empty", version=7))
    op("delete of version 0", lambda: a.delete("/k/empty", version=0))
    op("delete again", lambda: a.delete("/k/empty"))
    op("delete /", lambda: a.delete("/"))
    op("delete /zookeeper", lambda: a.delete("/zookeeper"))
    op("delete /zookeeper/quota", lambda: a.delete("/zookeeper/quota"))
    op("stat of the parent", lambda: a.exists("/k"))
    op("delete all", lambda: a.delete("/k", recursive=True))
    op("exists", lambda: a.exists("/k"))


def transactions(a):
    say("# transactions")
    a.create("/t", b"")

    def commit(*steps):
        t = a.transaction()
        for name, *args in steps:
            getattr(t, name)(*args)
        return t.commit()

    op("one of each", lambda: commit(
        ("create", "/t/a", b"1"), ("create", "/t/a/b", b"2"), ("check", "/t/a", 0), ("set_data", "/t/a", b"3", 0), ("delete", "/t/a/b")))
    op("get", lambda: a.get("/t/a"))
    op("sequential and ephemeral", lambda: commit(
        ("create", "/t/s-", b"", None, False, True), ("create", "/t/s-", b"", None, True, True)))
    op("of a create that fails", lambda: commit(("set_data", "/t/a", b"4"), ("create", "/t/a", b""), ("delete", "/t/a")))
    op("of a check that fails", lambda: commit(("create", "/t/c", b""), ("check", "/t/a", 7)))
    op("of a set that fails", lambda: commit(("set_data", "/t/a", b"4", 9), ("create", "/t/c", b"")))
    op("of a delete that fails", lambda: commit(("delete", "/t/a"), ("delete", "/t/a"), ("delete", "/t/a")))
    op("of nothing there", lambda: commit(("check", "/t/none", -1)))
    op("of a parent that went before", lambda: commit(("delete", "/t/a"), ("create", "/t/a/x", b"")))
    op("of an ephemeral's child", lambda: commit(("create", "/t/e", b"", None, True), ("create", "/t/e/x", b"")))
    op("of nothing", lambda: commit())
    op("nothing of them happened", lambda: a.get("/t/a"))
    op("children", lambda: sorted(a.get_children("/t")))
    op("stat", lambda: a.exists("/t"))
    a.delete("/t", recursive=True)


def watching(a, b):
    say("# watching")
    seen = Events(a)
    a.create("/w", b"")
    a.get("/w", watch=seen.note("data"))
    a.exists("/w", watch=seen.note("exists"))
    a.get_children("/w", watch=seen.note("children"))
    op("none yet", seen.take)
    a.create("/w/c")
    op("after the creation of a child", seen.take)
    a.set("/w", b"1")
    op("after a set", lambda: sorted(seen.take()))  # kazoo has no order among the watches of one event
    a.set("/w", b"2")
    op("once only", seen.take)
    a.get_children("/w", watch=seen.note("children"))
    a.set("/w/c", b"")
    op("a child's data is no matter of its parent", seen.take)
    a.get("/w/c", watch=seen.note("data of c"))
    a.get_children("/w/c", watch=seen.note("children of c"))
    a.delete("/w/c")
    op("after the deletion of a child", lambda: sorted(seen.take()))
    op("get of nothing", lambda: a.get("/w/late", watch=seen.note("in vain")))
    op("children of nothing", lambda: a.get_children("/w/late", watch=seen.note("in vain")))
    op("exists of nothing", lambda: a.exists("/w/late", watch=seen.note("late")))
    b.create("/w/late", b"", ephemeral=True)
    op("after its creation by another", seen.take)
    op("whose is it", lambda: a.exists("/w/late", watch=seen.note("late")), a)
    b.set("/w/late", b"x")
    op("after its change by another", seen.take)
    a.get("/w/late", watch=seen.note("late"))
    a.set("/w", b"3")
    op("a failed set", lambda: a.set("/w/late", b"", version=77))
    op("says nothing", seen.take)
    t = a.transaction()
    t.create("/w/1", b"")
    t.create("/w/2", b"")
    t.delete("/w/1")
    a.get_children("/w", watch=seen.note("children"))
    a.exists("/w/1", watch=seen.note("exists 1"))
    a.exists("/w/2", watch=seen.note("exists 2"))
    op("transaction", t.commit)
    op("after it", seen.take)
    b.stop()
    op("after the end of the other session", seen.wait)
    op("its ephemeral is gone", lambda: a.exists("/w/late"))
    op("stat", lambda: a.exists("/w"))

    said = queue.Queue()
    a.DataWatch("/w/data", lambda data, stat: said.put(("data", data, stat and stat.version)))
    a.ChildrenWatch("/w", lambda names: said.put(("children", sorted(names))))
    op("watchers begin", lambda: [said.get(timeout=PATIENCE), said.get(timeout=PATIENCE)])
    a.create("/w/data", b"new")
    op("creation", lambda: sorted([said.get(timeout=PATIENCE), said.get(timeout=PATIENCE)]))
    a.set("/w/data", b"newer")
    op("change", lambda: said.get(timeout=PATIENCE))
    a.delete("/w/data")
    op("deletion", lambda: sorted([said.get(timeout=PATIENCE), said.get(timeout=PATIENCE)]))
    a.delete("/w", recursive=True)


def main():
    servers = sys.argv[1]
    a, b = connect(servers), connect(servers)
    creating(a)
    reading(a)
    writing(a)
    deleting(a)
    transactions(a)
    watching(a, b)
    recipes.all_of_them(a, servers)
    sessions.all_of_them(a, servers)
    op("what is left", lambda: sorted(a.get_children("/")))
    a.stop()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        sessions.hold(*sys.argv[1:])
    else:
        main()
