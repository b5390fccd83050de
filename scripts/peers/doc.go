// Package peers shows that other clients see the same on the embedded ensemble as on
// Apache ZooKeeper. Each peer is a program that does what programs do with ZooKeeper,
// through one client library, and prints a line for each operation:
//
//   - kazoo, in Python, with its recipes
//   - gozk, in Go, with go-zookeeper
//   - zkcli, a file of commands for Apache's own zkCli
//
// The package's test runs them on both engines and holds both transcripts to those in
// testdata, which were written on Apache ZooKeeper. What differs from run to run is
// replaced by what is the same: zxids and sessions by their order. Nothing else is let
// pass.
//
// With Go alone, the Go peer runs on the embedded ensemble. The others need Python,
// Java and Apache ZooKeeper; ZOOCTL_TEST_APACHE=required says that these are there.
package peers
