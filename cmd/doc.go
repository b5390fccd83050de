// Package cmd defines the commands of zooctl, one to a file, the file named
// by the path of the command. The same commands serve the command line and
// the shell: both go through App.run.
//
// What it promises: constructing a command touches nothing, neither a server
// nor a file nor the environment, so that help and the generated documents
// need none of them. Every way in which a command can fail has an exit code
// in one table, report.go. What a line sets is gone with the line; what the
// lines of a shell share is in session, and nowhere else.
//
// What it never does: exit. Main returns a status and package main exits.
package cmd
