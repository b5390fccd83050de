//go:build linux || darwin

package server

import (
	"bytes"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// systemVersion returns the release of the kernel, or "".
func systemVersion() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return string(u.Release[:max(bytes.IndexByte(u.Release[:], 0), 0)])
}

// descriptors returns how many files this process has open and may have open.
func descriptors() (open, limit int64, ok bool) {
	dir := "/dev/fd"
	if runtime.GOOS == "linux" {
		dir = "/proc/self/fd"
	}
	f, err := os.Open(dir)
	if err != nil {
		return 0, 0, false
	}
	names, err := f.Readdirnames(-1)
	_ = f.Close() // nothing was written
	var lim syscall.Rlimit
	if err != nil || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim) != nil {
		return 0, 0, false
	}
	return int64(len(names)) - 1, int64(min(lim.Cur, 1<<62)), true // one is the directory itself
}
