package localcluster

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// errHeld means that a supervisor holds the lock of the cluster.
var errHeld = errors.New("another supervisor has this cluster")

// hold makes the directory of a cluster, if need be, and takes its lock. The lock
// is the kernel's: it goes with the process that holds it, so a process id that was
// given to someone else means nothing.
func hold(dir string) (*flock.Flock, error) {
	for {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		l := flock.New(lockFile(dir), flock.SetPermissions(0o600))
		ok, err := l.TryLock()
		switch {
		case errors.Is(err, os.ErrNotExist): // the directory was just removed
			continue
		case err != nil:
			return nil, err
		case !ok:
			return nil, errHeld
		}
		// Who held the lock before may have removed the directory, and with it the
		// file that is now locked.
		mine, err1 := l.Stat()
		there, err2 := os.Stat(lockFile(dir))
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			return l, nil
		}
		_ = l.Close() // it guards nothing
	}
}

// removeDir deletes the directory of a cluster; its lock goes last, so that whoever
// waits for it finds all or nothing.
func removeDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(lockFile(dir)) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(err, os.RemoveAll(dir))
}
