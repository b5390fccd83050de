//go:build unix

package runner_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/zooctl/zooctl/recipes/runner"
)

// TestLeaseLost: a command that ends when it is told so has its grace, one that
// does not is gone before the lease can belong to somebody else.
func TestLeaseLost(t *testing.T) {
	t.Run("obeys", func(t *testing.T) {
		l := &lease{lost: make(chan struct{}), err: errTest}
		k := start(t, t.Context(), `trap "echo got; exit 4" TERM; echo ready; while :; do sleep 0.01; done`, runner.Command{Grace: time.Hour}, l)
		k.expect("ready")
		close(l.lost)
		k.expect("got")
		if o, err := k.wait(); o != (runner.Outcome{Code: 4, Lost: true, LostErr: errTest}) || err != nil {
			t.Errorf("%+v %v", o, err)
		}
	})
	t.Run("ignores", func(t *testing.T) {
		l := &lease{deadline: time.Now().Add(3 * time.Second), lost: make(chan struct{}), err: errTest}
		k := start(t, t.Context(), `trap "" TERM; sleep 1000 & echo $!; wait`, runner.Command{Grace: time.Hour}, l)
		pid := k.line()
		close(l.lost)
		o, err := k.wait()
		if late := time.Since(l.deadline); late > 0 {
			t.Errorf("the group was gone %v after the deadline of its lease", late)
		}
		if !isGone(t, pid) {
			t.Errorf("process %s is still there", pid)
		}
		if o != (runner.Outcome{Code: 137, Signal: syscall.SIGKILL, Lost: true, LostErr: errTest}) || err != nil {
			t.Errorf("%+v %v", o, err)
		}
	})
	t.Run("grace before deadline", func(t *testing.T) {
		l := &lease{deadline: time.Now().Add(time.Hour), lost: make(chan struct{}), err: errTest}
		k := start(t, t.Context(), `trap "" TERM; echo ready; while :; do sleep 0.01; done`, runner.Command{Grace: 50 * time.Millisecond}, l)
		k.expect("ready")
		close(l.lost)
		if o, err := k.wait(); o.Signal != syscall.SIGKILL || !o.Lost || err != nil {
			t.Errorf("%+v %v", o, err)
		}
	})
}

// TestLeaseRunsOut: a lease that nobody confirms and that does not say so ends the
// command all the same.
func TestLeaseRunsOut(t *testing.T) {
	l := &lease{deadline: time.Now().Add(2 * time.Second), lost: make(chan struct{})}
	k := start(t, t.Context(), `echo ready; while :; do sleep 0.01; done`, runner.Command{Grace: time.Hour}, l)
	k.expect("ready")
	o, err := k.wait()
	if late := time.Since(l.deadline); late > 0 {
		t.Errorf("the group was gone %v after the deadline of its lease", late)
	}
	if !o.Lost || !errors.Is(o.LostErr, runner.ErrUnconfirmed) || o.Signal == 0 || err != nil {
		t.Errorf("%+v %v", o, err)
	}
}

// TestNoLeaseNoStart: nothing is started under a lease that is over.
func TestNoLeaseNoStart(t *testing.T) {
	closed := make(chan struct{})
	close(closed)
	for name, l := range map[string]*lease{
		"lost": {lost: closed, err: errTest},
		"old":  {deadline: time.Now(), lost: make(chan struct{})},
	} {
		mark := filepath.Join(t.TempDir(), "started")
		o, err := runner.Run(t.Context(), runner.Command{Argv: []string{"touch", mark}}, l)
		if !errors.Is(err, runner.ErrNoLease) || o != (runner.Outcome{}) {
			t.Errorf("%s: %+v %v", name, o, err)
		}
		if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the command was started (%v)", name, err)
		}
	}
}
