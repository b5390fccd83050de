//go:build !linux

package wal

import "os"

// datasync waits until what was written is on disk.
func datasync(f *os.File) error { return f.Sync() }

// reserve gives f a length of size bytes, which read as zero.
func reserve(f *os.File, size int64) error { return f.Truncate(size) }
