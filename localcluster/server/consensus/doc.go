// Package consensus replicates bytes: it puts the proposals of all servers of an
// ensemble in one order, on the disks of a quorum, and hands them to a state
// machine on each server. It is the only door to the Raft library.
//
// It promises:
//
//   - A [Machine] is given the same entries in the same order on every server,
//     and none before a quorum has it on disk.
//   - Proposals of one server keep their order, as long as it is not told that
//     something changed.
//   - [Machine.Changed] is called whenever proposals may have been lost. The
//     package never repeats one.
//   - After a disk error the node stops and says why; it does not go on with what
//     it cannot keep.
//
// It knows nothing of ZooKeeper, it trusts no length that a peer announces, and
// speaks to peers only that prove to know the secret of the cluster.
//
// # Goroutines
//
// The loop owns the Raft state: it takes what peers and proposers have left for it,
// sends messages, and applies committed entries. The appender writes to disk and
// answers what waited for that. A leader's messages thus leave before its own
// disk is done, a follower's answers after. Each peer has one goroutine that dials
// and sends, and each connection of a peer one that receives. [Node.Stop] waits for
// all of them.
package consensus
