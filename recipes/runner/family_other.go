//go:build unix && !linux

package runner

import "syscall"

// dieWithParent does nothing: only Linux knows the parent-death signal.
func dieWithParent(*syscall.SysProcAttr) {}

// adoptOrphans does nothing: only Linux lets orphans be adopted by a process
// other than the first. That one reaps them.
func adoptOrphans() (release func()) { return func() {} }
