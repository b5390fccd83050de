// Package server is one embedded ZooKeeper server: it speaks the client
// protocol on a socket and keeps a replica of the tree with its peers.
//
// The parts below it each do one thing. [consensus] puts writes in one order on
// a quorum's disks, [tree] is what the writes make of the znodes, [watch] knows
// who waits for which change, [session] is the leader's clock over sessions.
// This package joins them to connections.
//
// It promises, as Apache ZooKeeper does:
//
//   - A write is answered by the server that the client is on, after a quorum
//     has it on disk and after that server has applied it.
//   - Replies of one connection come in the order of its requests. A read that
//     follows a write of the same connection sees that write.
//   - A client gets the event of a change before any reply that shows the
//     change, and never after a reply that is older than the event.
//   - The reply to a connect request follows the local application of the
//     session, so that a new connection sees every write acknowledged before.
//   - A server that knows of no leader, for longer than a leader takes to hand over,
//     has no clients: it drops them, and answers nothing but four-letter words.
//
// A write whose outcome becomes unknown (a new leader, a broken link to it) is
// never repeated: its connection is cut, and the client finds out.
//
// Operators ask it by four-letter words, by the commands of the AdminServer, and
// through Prometheus, with the texts, keys and names of 3.9. A snapshot that is put back
// by the command restore goes through the log and is taken by every server; Apache
// ZooKeeper changes only the one that is asked.
//
// The server never trusts a length, never lets a connection that does not read
// its replies hold up another, and never waits for a client's socket while it
// holds the tree.
//
// # Locks
//
// The tree has one lock, held for writing while an entry is applied and for
// reading while a read is answered. Below it, in this order: the table of
// connections, a connection's queue, its outbox. A reply to a read enters the
// outbox while the tree's lock is held, which is what orders it with events.
package server
