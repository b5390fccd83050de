// Package runner runs a command that is allowed to run only as long as
// something is held: a lock, an election, a permit.
//
// What it promises: the command gets a process group of its own, and the
// terminal where there is one. Signals that reach this program reach the
// group. When what is held is lost, the group gets SIGTERM and, after a grace,
// SIGKILL, early enough to be gone before somebody else can be given what was
// held. Run returns after the whole group is gone, and not when its first
// process is, so that whoever releases a lock after Run never releases it
// under a process that still works.
//
// What it never does: find processes that have left the group for one of
// their own (setsid), outlive a SIGKILL of this program to clean up after it
// (on Linux the command dies with this program, what it has started does not),
// or touch ZooKeeper. It knows what is held as a Lease.
//
// There is place for a lease that is confirmed by a quorum, which is another
// implementation of [Lease], and for a guard process that ends the group of a
// program that was killed, which would be started beside the command.
package runner
