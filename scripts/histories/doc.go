// Package histories records what concurrent clients of an ensemble do and see while
// its servers are killed, paused, cut off and restarted, and checks afterwards that
// all of it is what ZooKeeper promises:
//
//   - Writes, and reads behind a sync, are linearizable: of each znode, by porcupine;
//     of all znodes together, by their zxids. What was acknowledged is there at the end,
//     on every server.
//   - Any read shows the tree as it was at the zxid in its reply. In a session that zxid
//     never goes back, whatever servers the session moves between.
//   - What a client was not told the outcome of takes effect before its session is taken
//     up again, or never.
//   - Names of sequential znodes are unique and grow with real time.
//   - The ephemeral znode of a session that lives is there, that of one that has ended
//     is not, and a session does not end before its time.
//   - The event of a watch comes before any reply that shows the change.
//
// A history is a list of records that anyone may check: the checks know nothing of the
// clients or servers that made it. Doctored histories in the tests show that each of
// them finds what it is for.
//
// The tests obey HISTORY_SECONDS (how long to record, 10 by default), HISTORY_SEED (of
// the clients' and the nemesis's choices; the course of events depends on the machine as
// well), HISTORY_KILLS (how often the campaign kills) and HISTORY_DIR (where the history
// that fails is written, with porcupine's drawing of it).
package histories
