package wal

import (
	"errors"
	"os"
	"runtime"
)

// SyncDir waits until the names in a directory are on disk.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // the system has no such call, and keeps names with the file
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
