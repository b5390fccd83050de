// Package suites runs the tests of other projects, unchanged, on the embedded
// ensemble: those of the clients kazoo, in Python, and go-zookeeper, in Go. Both start
// servers of Apache ZooKeeper from a distribution; they get the folder that 'zooctl
// server shim' writes instead, and neither knows.
//
// What a test comes to is held to the table in ARCHITECTURE.md: a test that is not in
// it must pass, and one that is in it must come to what the table says. A test that
// began to pass is an error like one that began to fail, so that the table stays true.
//
// 'make suites' runs them. ZOOCTL_TEST_SUITES=required says that Python with the
// packages in requirements.txt is in .cache/suites; with ZOOCTL_TEST_ENGINE=apache and
// ZOOKEEPER_HOME, a folder with the jars of a distribution, they run on Apache
// ZooKeeper and are held to the table's column for it.
package suites
