package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/recipes"
	"github.com/zooctl/zooctl/recipes/runner"
)

// envLocks lists the locks that a command runs under, one on a line: the servers
// and the path. It is for finding a command that waits for itself.
const envLocks = "ZOOCTL_LOCKS"

func newLockRun(a *App) *cobra.Command {
	var opts recipes.LockOptions
	cmd := &cobra.Command{
		Use:   "run PATH [-n|--try] [-w TIME] -- CMD [ARG…]",
		Short: "Run a command while holding a lock",
		Long: `Run waits for the lock at PATH, runs CMD while it holds the lock, and exits as CMD
does. With --try it does not wait, and writes nothing if the lock is taken; with
-w it waits that long. Either way it exits with 75 if it did not get the lock.

CMD runs in a process group of its own. Signals are forwarded to the group; the
lock is released after every process of the group is gone. If the session with
the servers is lost, the group is ended before anyone else can get the lock, and
the exit status is 79. If zooctl itself is ended with SIGKILL, Linux ends CMD too,
but not what CMD has started; elsewhere nothing ends CMD.

CMD finds the path of the lock in ZOOCTL_LOCK_PATH, the znode that stands for it
in ZOOCTL_LOCK_NODE, the ensemble in ZOOCTL_SERVERS, and in ZOOCTL_FENCE a number
that is greater than that of every holder before it: whatever is written to can
refuse a writer with a smaller one.`,
		Example: `  zooctl lock run /locks/nightly -w 30s -- ./nightly.sh
  zooctl lock run /locks/report --try -- sh -c 'echo "my token is $ZOOCTL_FENCE"'`,
		Annotations:       writes(126, 127),
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			switch {
			case dash < 0:
				return misused(cmd, "a command is missing: want PATH -- CMD [ARG…]")
			case dash != 1:
				return misused(cmd, "want one PATH before --, got %d", dash)
			case len(args) == 1:
				return misused(cmd, "a command is missing after --")
			case opts.Try && cmd.Flags().Changed("wait"):
				return misused(cmd, "--try and --wait exclude each other")
			case cmd.Flags().Changed("wait") && opts.Wait == 0:
				opts.Try = true
			}
			return a.lockRun(cmd, a.Path(args[0]), opts, args[1:])
		},
	}
	cmd.Flags().BoolVarP(&opts.Try, "try", "n", false, "do not wait; exit with 75 if the lock is taken")
	cmd.Flags().VarP((*duration)(&opts.Wait), "wait", "w", "wait no longer than `TIME`, then exit with 75")
	return cmd
}

// lockRun runs argv under a lock. Whoever loses the session while waiting has lost
// nothing but its place, and queues again.
func (a *App) lockRun(cmd *cobra.Command, path string, opts recipes.LockOptions, argv []string) error {
	ctx := cmd.Context()
	t, err := a.target(ctx)
	if err != nil {
		return err
	}
	this := t.String() + " " + path
	above := a.session.getenv(envLocks)
	if slices.Contains(strings.Split(above, "\n"), this) {
		return &failure{op: opOf(cmd), path: path, err: &usageError{
			reason: "this runs under that lock already, and would wait for itself", hint: "release it first, or take another lock",
		}}
	}
	run := runner.Command{
		Argv: argv, Stdout: a.Out, Stderr: a.Err, Muffle: a.muffle,
		Env:  append(os.Environ(), "ZOOCTL_SERVERS="+t.String(), envLocks+"="+strings.TrimPrefix(above+"\n"+this, "\n")),
		Tell: func(line string) { fmt.Fprintln(a.Err, "zooctl: "+line) },
	}
	if !a.session.script {
		run.Stdin = a.In
	}
	asked := time.Now()
	for {
		conn, err := a.dial(ctx, ops.DefaultSessionTimeout)
		if err != nil {
			return err
		}
		try := opts
		if opts.Wait > 0 {
			try.Wait = max(opts.Wait-time.Since(asked), time.Nanosecond)
		}
		outcome, err := recipes.RunLocked(ctx, conn, path, try, run)
		_ = conn.Close() // the lock is released: nothing depends on it
		if errors.Is(err, ops.ErrSessionExpired) && ctx.Err() == nil {
			fmt.Fprintln(a.Err, "zooctl: the session was lost while waiting; queues again")
			continue
		}
		return a.locked(ctx, cmd, path, outcome, err)
	}
}

// locked turns the outcome into the end of the line.
func (a *App) locked(ctx context.Context, cmd *cobra.Command, path string, o runner.Outcome, err error) error {
	if sig, ok := errors.AsType[*runner.SignalError](err); ok {
		return signalled{sig.Signal}
	}
	if err == nil && o.Lost {
		err = cmp.Or(o.LostErr, errExpired)
		return &failure{op: opOf(cmd), path: path, err: &lost{short(err, path)}, hint: "its command was ended before anyone else could get the lock"}
	}
	if err == nil {
		return exit(o.Code)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &failure{op: opOf(cmd), path: path, err: short(err, path)}
}

// short is err without the words that a failure begins with anyway.
func short(err error, path string) error {
	return &worded{strings.TrimPrefix(err.Error(), "lock "+path+": "), err}
}

// worded is an error in other words.
type worded struct {
	text string
	err  error
}

func (w *worded) Error() string { return w.text }
func (w *worded) Unwrap() error { return w.err }

// lost is the loss of what a command ran under. It hides why from the table of
// outcomes: whatever the reason, the exit code is 79.
type lost struct{ why error }

func (l *lost) Error() string        { return "lost while running: " + l.why.Error() }
func (l *lost) Is(target error) bool { return target == errExpired }
