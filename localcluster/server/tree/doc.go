// Package tree is the state machine of the embedded ensemble: what a sequence of
// transactions makes of the znodes and the sessions.
//
// It promises that the same transactions give the same tree and the same results
// on every server. Everything that must be equal everywhere comes in with the
// transaction: the term, the time, the session, the connection. The package knows
// no clock, no random number, no network and no goroutine, and takes no lock: its
// owner lets one goroutine apply, and readers read between two applications.
//
// It behaves as Apache ZooKeeper 3.9 does: the order in which errors are found,
// the Stat fields, the numbers of sequential znodes, what fails inside a multi.
// Rules that a real server was seen to follow are quoted where they are kept.
//
// It enforces the ACLs of writes, by the identities that come with the transaction,
// and tells who may read what; its owner asks before it answers a read.
package tree
