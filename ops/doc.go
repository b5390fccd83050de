// Package ops does things with znodes: what zooctl's commands do, without a word
// about flags or output.
//
// A [Conn] is one ZooKeeper session. It is go-zookeeper/zk, widened at its Dialer:
// the library keeps the session alive, takes it up on another server when one
// fails, and looks after watches, while a connection of ours underneath sees whole
// frames both ways. There requests are sent that the library lacks, a context ends
// any wait, and what is known of an interrupted write is exact.
//
// The package promises:
//
//   - A write whose outcome is unknown is never repeated; it fails with
//     [ErrOutcomeUnknown]. One that was never sent fails with [ErrConnLost].
//   - A session that has expired is never replaced by another behind the caller's
//     back: [Conn.Lost] is closed, and everything fails from then on.
//   - Paths go in and come out without the chroot.
//   - Every failure is an [*Error] that names the operation and the path, around a
//     sentinel for errors.Is.
//   - A peer that is not ZooKeeper costs a little time and no memory.
//
// It prints nothing, reads no flag and no environment.
package ops
