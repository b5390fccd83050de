package wal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// datasync waits until what was written is on disk. The length of the file was
// reserved before, so that its metadata need not follow.
func datasync(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// reserve gives f room on disk for size bytes, which read as zero.
func reserve(f *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EOPNOTSUPP):
			return f.Truncate(size) // the file system cannot promise the room
		default:
			return os.NewSyscallError("fallocate", err)
		}
	}
}
