//go:build unix

package suites

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds each suite. It is no measurement.
const patience = 15 * time.Minute

// TestSuites runs both suites, beside each other: they wait more than they work.
func TestSuites(t *testing.T) {
	if os.Getenv("ZOOCTL_TEST_SUITES") != "required" {
		t.Skip("takes minutes and needs Python: make tools; then make suites")
	}
	table := expectations(t)
	d := distributionFor(t)
	for _, s := range []struct {
		name  string
		tests int // there are at least as many
		run   func(t *testing.T, d distribution) map[string]outcome
	}{
		{"kazoo", 480, runKazoo},
		{"go-zookeeper", 75, runGoZooKeeper},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			got := s.run(t, d)
			t.Logf("%s on %s: %s, in %d s", s.name, d.engine, total(got), int(time.Since(began).Seconds()))
			if len(got) < s.tests {
				t.Errorf("only %d tests ran, of %d at least", len(got), s.tests)
			}
			for _, line := range verdict(s.name, d.engine, got, table) {
				t.Error(line)
			}
		})
	}
}

// scene is a program that runs a part of a suite, and where its files are.
type scene struct {
	ctx  context.Context
	dir  string
	env  []string
	argv []string
}

// play runs the program in a process group of its own, which is ended with it: a suite
// that breaks off leaves its servers behind. What it said is returned whatever comes.
func (s scene) play() (string, error) {
	cmd := exec.CommandContext(s.ctx, s.argv[0], s.argv[1:]...) //nolint:gosec // the suites are chosen here
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = 10 * time.Second // for servers that hold its output open
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		return "", err
	}
	err := cmd.Wait()
	if e := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); e != nil && !errors.Is(e, syscall.ESRCH) {
		err = errors.Join(err, e)
	}
	return said.String(), err
}

// ended tells an error of a program that says by its status how its tests went from
// one that could not run them.
func ended(err error, statuses ...int) bool {
	if err == nil {
		return true
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	for _, status := range statuses {
		if exit.ExitCode() == status {
			return true
		}
	}
	return false
}

// tail is the end of a text.
func tail(text string) string {
	const most = 4000
	return text[max(0, len(text)-most):]
}

// freePorts returns the first of n ports in a row that nobody listens on, from base
// upward. They lie below those that systems give to clients.
func freePorts(base, n int) (int, error) {
	for ; base+n < 32000; base += n {
		if allFree(base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no %d free ports in a row", n)
}

func allFree(base, n int) bool {
	var open []net.Listener
	defer func() {
		for _, l := range open {
			_ = l.Close() // it was never used
		}
	}()
	for port := base; port < base+n; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		open = append(open, l)
	}
	return true
}

// repository is the root of the checkout.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
