package recipes

import (
	"context"
	"os"
	"slices"
	"strconv"

	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/recipes/runner"
)

// The environment of a command that runs under a lock.
const (
	EnvLockPath = "ZOOCTL_LOCK_PATH" // the path of the lock
	EnvLockNode = "ZOOCTL_LOCK_NODE" // the path of the holder's znode
	EnvFence    = "ZOOCTL_FENCE"     // [Held.Fence], in decimal
)

// RunLocked runs a command for as long as the lock of a path is held: it asks for
// the lock, runs the command, and releases the lock when the last process of its
// group is gone. A command that does not exist is not locked for.
//
// The errors are those of [Acquire] and [runner.Run]. A lock that was lost is told
// by the Outcome. A znode that cannot be deleted afterwards takes the session with
// it, as in Acquire.
func RunLocked(ctx context.Context, c *ops.Conn, path string, opts LockOptions, cmd runner.Command) (runner.Outcome, error) {
	if !runner.Supported() {
		return runner.Outcome{}, runner.ErrUnsupported
	}
	if err := cmd.Check(); err != nil {
		return runner.Outcome{}, err
	}
	h, err := Acquire(ctx, c, path, opts)
	if err != nil {
		return runner.Outcome{}, err
	}
	env := cmd.Env
	if env == nil {
		env = os.Environ()
	}
	// Of a name that is there twice, the last one counts.
	cmd.Env = append(slices.Clip(env), EnvLockPath+"="+h.Path(), EnvLockNode+"="+h.Node(), EnvFence+"="+strconv.FormatInt(h.Fence(), 10))
	o, err := runner.Run(ctx, cmd, h)
	over, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.SessionTimeout())
	defer cancel()
	if h.Release(over) != nil {
		drop(over, c, "")
	}
	return o, err
}
