// Package recipes lets processes on several machines agree through ZooKeeper:
// who may do something now. It has the lock.
//
// What it promises: of all who ask for the lock of one path, with this package,
// with Curator's InterProcessMutex or, as far as it can see ours, with kazoo's
// Lock, one at a time has it, in the order in which they asked. Whoever waits
// watches the one before it and nobody else, so that the end of one wakes one.
// Nothing is left behind by an attempt that fails: its znode is deleted before
// it returns, or the session is closed. A holder is told that its lock is lost
// before the servers can give it to somebody else, as far as a client can know;
// a command that runs under it is gone by then, and the lock is released only
// after the last process of its group.
//
// What it never does: trust that it is "still connected", open or renew a
// session (the caller owns the [ops.Conn], and a new session means to ask
// again), delete or wait for a znode whose name says nothing to it, or repeat a
// write without looking what became of the first.
//
// What no client can exclude is a process that stands still, with its whole
// machine, for longer than its session lives, and writes when it wakes. Whoever
// is written to can: [Held.Fence] grows with every grant.
//
// Names: Curator's lock and, with it, most others queue as
// "_c_<uuid>-lock-<number>" under the path of the lock. kazoo by default looks
// for "__lock__" only and does not see those unless its Lock is given
// extra_lock_patterns=["-lock-"]; this package sees kazoo's.
package recipes
