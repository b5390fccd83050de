//go:build unix && !linux

package runner

import "golang.org/x/sys/unix"

// The requests that read and set the modes of a terminal; the second drains
// its output first.
const (
	getModes = unix.TIOCGETA
	setModes = unix.TIOCSETAW
)
