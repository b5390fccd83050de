// Package metrics keeps what a server measures and shows it to Prometheus.
//
// A [Summary] takes durations from any number of goroutines, without a lock and
// without a clock of its own; a [Sample] is one number under its name; a
// [Registry] writes the samples of one server in Prometheus's text format, with
// the names that Apache ZooKeeper's own provider gives them. Nothing here is
// global: two servers in one process share nothing.
//
// The package is the only home of the client library. Two of its parts are not
// used: its summaries, which take a lock for each value and start a goroutine that
// never ends, and its switch for "# TYPE" lines, which is one for the whole process.
// Values are therefore untyped to Prometheus, which rules and queries do not notice. Its
// release 1.35 is used since later ones read files of the system when the program starts,
// which costs every command of this program half a millisecond.
package metrics
