// Package config keeps what zooctl remembers of its user: the contexts, which
// are named connections, in config.yaml under the user's configuration
// directory, and the current choice, one line in a file of its own under the
// user's state directory.
//
// What it promises: a file is written whole or not at all, for its owner
// alone. A file that cannot be understood is an error that names it, never a
// default taken in silence. What it never does: it holds no secret and asks
// no environment but through the function that it is given.
package config
