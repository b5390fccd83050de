// Package localcluster runs ZooKeeper ensembles on this machine, for development
// and tests: servers of this very program, or a real Apache ZooKeeper where one is
// installed. Starting, killing, readiness, logs and state are the same for both;
// an [engine] says only what differs.
//
// It promises:
//
//   - Servers are processes. To kill one is SIGKILL, and its data survives that.
//   - Ready means that a write was committed and read on every server.
//   - A failed start leaves nothing running and says what the server said.
//   - Servers listen on 127.0.0.1 and nowhere else, but for one that [Serve] runs from a
//     zoo.cfg which names another address.
//   - Nothing outlives its owner. Servers end with their supervisor, however it
//     ends; a temporary cluster ends, and leaves no file, with the process that
//     made it, however that ends.
//
// Each cluster has one supervisor process, which starts the servers, holds a lock
// on the state directory for life, and answers requests on a Unix socket. It and
// the servers are this program again: a program that uses this package calls
// [Child] first of all.
package localcluster
