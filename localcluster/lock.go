package localcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

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
		if holds(l, dir) {
			return l, nil
		}
		_ = l.Close() // it guards nothing
	}
}

// holds tells whether the file that l has locked is still the one in the directory.
// Who held the lock before may have removed it, and so may anybody's rm -r.
func holds(l *flock.Flock, dir string) bool {
	mine, err1 := l.Stat()
	there, err2 := os.Stat(lockFile(dir))
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

// dataWait is how long a server waits for one that had its data before and is on its
// way out, because its supervisor was killed.
const dataWait = 10 * time.Second

// holdData takes the lock of a server's data directory, for as long as the process
// lives: two servers that write one log would spoil it. It waits for it as long as
// it is told.
func holdData(dir string, wait time.Duration) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	l := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	ok, err := l.TryLockContext(ctx, 10*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) || err == nil && !ok {
		return nil, fmt.Errorf("%s is %w", dir, ErrInUse)
	}
	return l, err
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
