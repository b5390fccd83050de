//go:build unix

package recipes_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/recipes"
	"github.com/zooctl/zooctl/recipes/runner"
)

// locked is a RunLocked under way.
type locked struct {
	lines   *bufio.Reader
	outcome runner.Outcome
	err     error
	done    chan struct{}
}

// runLocked runs a script under the lock /l. It ends with the test.
func runLocked(t *testing.T, c *ops.Conn, script string, cmd runner.Command) *locked {
	t.Helper()
	read, write := io.Pipe()
	cmd.Argv, cmd.Stdout = []string{"sh", "-c", script}, write
	r := &locked{lines: bufio.NewReader(read), done: make(chan struct{})}
	ctx := t.Context() // canceled before Cleanup
	go func() {
		r.outcome, r.err = recipes.RunLocked(ctx, c, "/l", recipes.LockOptions{}, cmd)
		_ = write.Close()
		close(r.done)
	}()
	t.Cleanup(func() { _ = read.Close(); <-r.done })
	return r
}

// pid reads a process id that the script prints.
func (r *locked) pid(t *testing.T) (pid int) {
	t.Helper()
	line, err := r.lines.ReadString('\n')
	if _, bad := fmt.Sscan(line, &pid); err != nil || bad != nil || pid < 2 {
		t.Fatalf("no process id: %q %v %v", line, err, r.err)
	}
	return pid
}

func (r *locked) wait(t *testing.T) runner.Outcome {
	t.Helper()
	_, _ = io.Copy(io.Discard, r.lines)
	<-r.done
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.outcome
}

// goneWhenFree watches the holder's znode, calls act, waits until the servers have
// deleted the znode and checks that the process did not live to see it.
func goneWhenFree(t *testing.T, c *ops.Conn, pid int, act func()) {
	t.Helper()
	names := children(t, c, "/l")
	if len(names) != 1 {
		t.Fatalf("queue: %v", names)
	}
	_, ok, events, err := c.ExistsW(t.Context(), "/l/"+names[0])
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("process %d: %v", pid, err)
	}
	act()
	select {
	case ev := <-events:
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%v, and process %d is still there: %v", ev, pid, err)
		}
	case <-time.After(patience):
		t.Fatal("the lock is not released")
	}
}

// TestRunLocked: the command is told what it holds, and it holds it.
func TestRunLocked(t *testing.T) {
	s := servers(t)
	c, other := dial(t, s), dial(t, s)
	var out bytes.Buffer
	in, hold := io.Pipe()
	done := make(chan runner.Outcome, 1)
	go func() {
		o, err := recipes.RunLocked(t.Context(), c, "/l", recipes.LockOptions{}, runner.Command{
			Argv:  []string{"sh", "-c", `echo "$ZOOCTL_LOCK_PATH $ZOOCTL_LOCK_NODE $ZOOCTL_FENCE $KEPT"; read x; exit 7`},
			Env:   []string{"KEPT=kept", "PATH=" + os.Getenv("PATH")},
			Stdin: in, Stdout: &out,
		})
		if err != nil {
			t.Error(err)
		}
		done <- o
	}()
	create(t, other, "/l/x", ops.CreateOptions{}) // no contender
	until(t, "the lock is held", func() bool { return len(children(t, other, "/l")) == 2 })
	var node string
	for _, name := range children(t, other, "/l") {
		if name != "x" {
			node = "/l/" + name
		}
	}
	stat, err := other.Stat(t.Context(), node)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := recipes.Acquire(t.Context(), other, "/l", recipes.LockOptions{Try: true}); !errors.Is(err, recipes.ErrBusy) {
		t.Errorf("while the command runs: %v", err)
	}
	_, _ = io.WriteString(hold, "end\n")
	_ = hold.Close()
	if o := <-done; o != (runner.Outcome{Code: 7}) {
		t.Errorf("%+v", o)
	}
	if want := fmt.Sprintf("/l %s %d kept\n", node, stat.Czxid); out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	if names := children(t, other, "/l"); len(names) != 1 {
		t.Errorf("left: %v", names)
	}
}

// TestReleasedAfterTheGroup: the lock is not given away under a process that the
// command has left behind.
func TestReleasedAfterTheGroup(t *testing.T) {
	s := servers(t)
	in, end := io.Pipe()
	defer end.Close()
	r := runLocked(t, dial(t, s), `trap "" TERM; sleep 1000 & echo $!; read x; exit 3`, runner.Command{Stdin: in, Leftovers: 300 * time.Millisecond})
	pid := r.pid(t)
	goneWhenFree(t, dial(t, s), pid, func() { _ = end.Close() })
	if o := r.wait(t); o != (runner.Outcome{Code: 3}) {
		t.Errorf("%+v", o)
	}
}

// TestStoppedInSilence: a command that ignores that its lock is lost is gone before
// the servers can give the lock to somebody else.
func TestStoppedInSilence(t *testing.T) {
	s := servers(t)
	k := newLink(t, first(s))
	r := runLocked(t, dialFor(t, k.addr, shortest), `trap "" TERM; sleep 1000 & echo $!; wait`, runner.Command{Grace: time.Hour})
	pid := r.pid(t)
	goneWhenFree(t, dial(t, s), pid, func() { k.silence(true) })
	if o := r.wait(t); !o.Lost || !errors.Is(o.LostErr, recipes.ErrSilent) || o.Signal != syscall.SIGKILL {
		t.Errorf("%+v", o)
	}
}

// TestStoppedWhenDeleted: deleting its znode ends a command.
func TestStoppedWhenDeleted(t *testing.T) {
	s := servers(t)
	other := dial(t, s)
	r := runLocked(t, dial(t, s), `trap "exit 4" TERM; echo $$; while :; do sleep 0.01; done`, runner.Command{Grace: time.Hour})
	r.pid(t)
	for _, name := range children(t, other, "/l") {
		if err := other.Delete(t.Context(), "/l/"+name, ops.Any); err != nil {
			t.Fatal(err)
		}
	}
	if o := r.wait(t); o.Code != 4 || !o.Lost || !errors.Is(o.LostErr, recipes.ErrDeleted) {
		t.Errorf("%+v", o)
	}
}

// TestNotRun: without a command nothing is locked, and without the lock nothing is
// run.
func TestNotRun(t *testing.T) {
	s := servers(t)
	c := dial(t, s)
	if _, err := recipes.RunLocked(t.Context(), c, "/l", recipes.LockOptions{}, runner.Command{Argv: []string{"no-such-command-here"}}); !errors.Is(err, runner.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, ok, err := c.Exists(t.Context(), "/l"); ok || err != nil {
		t.Errorf("it was locked for: %v %v", ok, err)
	}
	h := acquire(t, dial(t, s), "/l")
	mark := t.TempDir() + "/mark"
	_, err := recipes.RunLocked(t.Context(), c, "/l", recipes.LockOptions{Try: true}, runner.Command{Argv: []string{"touch", mark}})
	if !errors.Is(err, recipes.ErrBusy) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was run: %v", err)
	}
	release(t, h)
}
