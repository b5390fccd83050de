"""kazoo's recipes, with two sessions.

A session that reads what the other wrote does a sync first, since the other may be on
another server.
"""

import threading
import time

from transcript import PATIENCE, connect, op, say


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("never happened")
        time.sleep(0.01)


def all_of_them(a, servers):
    b = connect(servers)
    for recipe in (lock, semaphore, counter, election, queues, party, barrier):
        say("#", recipe.__name__)
        recipe(a, b)
    for path in ("/lock", "/semaphore", "/semaphore-__lock__", "/counter", "/election", "/queue", "/locking", "/party"):
        op("clear " + path, lambda: a.delete(path, recursive=True))
    b.stop()


def lock(a, b):
    first, second = a.Lock("/lock", "first"), b.Lock("/lock", "second")
    op("first", first.acquire)
    op("second, without waiting", lambda: second.acquire(blocking=False))
    order = []

    def contend():
        second.acquire(timeout=PATIENCE)
        order.append("second")
        second.release()

    t = threading.Thread(target=contend)
    t.start()
    until(lambda: len(first.contenders()) == 2)
    op("contenders", first.contenders)
    op("znodes", lambda: sorted(name[-16:] for name in a.get_children("/lock")))
    order.append("first")
    op("release", first.release)
    t.join(PATIENCE)
    say("order:", order)
    op("release of what is not held", first.release)


def semaphore(a, b):
    one, two = a.Semaphore("/semaphore", "one", max_leases=2), b.Semaphore("/semaphore", "two", max_leases=2)
    three = a.Semaphore("/semaphore", "three", max_leases=2)
    op("one", one.acquire)
    op("two", two.acquire)
    a.sync("/semaphore")
    op("three, without waiting", lambda: three.acquire(blocking=False))
    op("holders", lambda: sorted(one.lease_holders()))
    op("release", two.release)
    op("three", lambda: three.acquire(timeout=PATIENCE))
    op("release", three.release)
    op("release", one.release)


def counter(a, b):
    one, two = a.Counter("/counter"), b.Counter("/counter")

    def count(c):
        for _ in range(10):
            c += 1

    threads = [threading.Thread(target=count, args=(c,)) for c in (one, two)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(PATIENCE)
    a.sync("/counter")
    op("twenty steps of two", lambda: one.value)
    one -= 5
    op("five back", lambda: one.value)
    op("writes", lambda: a.exists("/counter").version)


def election(a, b):
    one, two = a.Election("/election", "one"), b.Election("/election", "two")
    order, go_on = [], threading.Event()

    def lead():
        order.append("one")
        go_on.wait(PATIENCE)

    threads = [threading.Thread(target=one.run, args=(lead,))]
    threads[0].start()
    until(lambda: order == ["one"])
    threads.append(threading.Thread(target=two.run, args=(lambda: order.append("two"),)))
    threads[1].start()
    until(lambda: len(one.contenders()) == 2)
    op("contenders", one.contenders)
    go_on.set()
    for t in threads:
        t.join(PATIENCE)
    say("leaders:", order)


def queues(a, b):
    q = a.Queue("/queue")
    for value, priority in ((b"later", 100), (b"then", 100), (b"first", 1)):
        op("put", lambda: q.put(value, priority))
    op("length", lambda: len(q))
    for _ in range(4):
        op("take", q.get)
    mine, other = a.LockingQueue("/locking"), b.LockingQueue("/locking")
    op("put all", lambda: mine.put_all([b"x", b"y"]))
    op("take", lambda: mine.get(timeout=PATIENCE))
    b.sync("/locking")
    op("another takes", lambda: other.get(timeout=PATIENCE))
    op("consume", mine.consume)
    op("another consumes", other.consume)
    a.sync("/locking")
    op("entries", lambda: a.get_children("/locking/entries"))


def party(a, b):
    one, two = a.Party("/party", "one"), b.Party("/party", "two")
    op("join", one.join)
    op("another joins", two.join)
    a.sync("/party")
    op("members", lambda: sorted(one))
    op("leave", two.leave)
    a.sync("/party")
    op("members", lambda: sorted(one))
    op("leave", one.leave)


def barrier(a, b):
    here, there = a.Barrier("/barrier"), b.Barrier("/barrier")
    op("create", here.create)
    b.sync("/barrier")
    op("does not wait", lambda: there.wait(timeout=0.1))
    went_on = []
    t = threading.Thread(target=lambda: went_on.append(there.wait(timeout=PATIENCE)))
    t.start()
    op("remove", here.remove)
    t.join(PATIENCE)
    say("the other goes on:", went_on)
    op("remove again", here.remove)
