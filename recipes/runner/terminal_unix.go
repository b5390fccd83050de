//go:build unix

package runner

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminal is the controlling terminal of this program. A nil one is none:
// every method does nothing then.
type terminal struct {
	file  *os.File
	modes *unix.Termios // as they were found
	given bool          // the group of the command has it, or had
}

// openTerminal returns the controlling terminal, or nil.
func openTerminal() *terminal {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil
	}
	modes, err := unix.IoctlGetTermios(int(f.Fd()), getModes)
	if err != nil {
		_ = f.Close()
		return nil
	}
	return &terminal{file: f, modes: modes}
}

// foreground makes the group of the command the foreground group from its
// start, where this program is in the foreground and the command is at the
// terminal at both ends. In a pipeline the others have a right to the terminal
// too, so the command gets it when it reads from it, and not before.
func (t *terminal) foreground(attr *syscall.SysProcAttr, stdin, stdout any) {
	if t == nil || !t.ours() || !atTerminal(stdin) || !atTerminal(stdout) {
		return
	}
	attr.Foreground = true
	attr.Ctty = int(t.file.Fd())
	t.given = true
}

func atTerminal(f any) bool {
	file, ok := f.(*os.File)
	if !ok || file == nil {
		return false
	}
	raw, err := file.SyscallConn() // Fd would make the file block
	if err != nil {
		return false
	}
	is := false
	err = raw.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), getModes)
		is = err == nil
	})
	return err == nil && is
}

// owner is the foreground group, or 0.
func (t *terminal) owner() int {
	group, err := unix.IoctlGetInt(int(t.file.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return group
}

// ours says whether this program is in the foreground.
func (t *terminal) ours() bool { return t.owner() == unix.Getpgrp() }

// give makes group the foreground group if this program is in the foreground
// now, and says whether it did.
func (t *terminal) give(group int) bool {
	if t == nil || !t.ours() || t.set(group) != nil {
		return false
	}
	t.given = true
	return true
}

// takeBack makes this program the foreground group again, if group still is or
// the one that is has gone, and gives the terminal the modes that it had: a
// command that was killed cannot have done so. A shell that took the terminal
// meanwhile keeps it.
func (t *terminal) takeBack(group int) {
	if t == nil || !t.given {
		return
	}
	owner := t.owner()
	if owner != group && owner != 0 && syscall.Kill(-owner, 0) != syscall.ESRCH {
		return
	}
	// A program in the background that touches the terminal is stopped by
	// SIGTTOU, unless it ignores that. It is ignored no longer than needed,
	// because every process started meanwhile would ignore it too.
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	if t.set(unix.Getpgrp()) == nil {
		_ = unix.IoctlSetTermios(int(t.file.Fd()), setModes, t.modes) // the best that can be done
	}
}

func (t *terminal) set(group int) error {
	return unix.IoctlSetPointerInt(int(t.file.Fd()), unix.TIOCSPGRP, group)
}

func (t *terminal) close() {
	if t != nil {
		_ = t.file.Close()
	}
}
