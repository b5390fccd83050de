package runner

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dieWithParent makes the command die with this program, even by SIGKILL.
// Only SIGKILL is sure to work, and it reaches the command alone: what the
// command has started is left to a guard.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// adoptOrphans makes this program the parent of processes whose parent has
// ended below it, so that it can reap them: a first process of a container may
// reap nobody, and the kernel counts the dead that nobody has reaped as members
// of their group. It lasts until release is called; of several Runs at once the
// first to end releases for all, and init reaps for the others. An orphan that
// has left the group comes here too and is not reaped before this program ends.
func adoptOrphans() (release func()) {
	var was int32
	if err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&was)), 0, 0, 0); err != nil || was != 0 {
		return func() {} // it is so already, or cannot be
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return func() {}
	}
	return func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }
}
