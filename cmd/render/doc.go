// Package render turns answers into output. A command describes its answer
// once, as a View; this package alone knows the formats: text, JSON, YAML, a
// drawn table, and wide text. A new command adds no code here, and a new
// format adds no code to any command.
//
// What it promises: on a terminal an answer has headings, colour and relative
// times, and no byte of a znode can move the cursor or change the terminal,
// because control bytes are shown escaped. In a pipe the same rows come bare:
// one row a line, cells parted by a tab. JSON and YAML hold every field that
// is known, in the same order, and say "data" where bytes are UTF-8 and
// "data_b64" where they are not, so that nothing is ever lost on the way.
//
// What it never does: it knows nothing of ZooKeeper, asks no environment and
// writes nowhere but to Printer.Out.
package render
