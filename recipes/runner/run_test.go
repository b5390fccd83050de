//go:build unix

package runner_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zooctl/zooctl/recipes/runner"
)

// asRunner makes the test binary a program that does nothing but Run.
const asRunner = "RUNNER_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asRunner) == "" {
		os.Exit(m.Run())
	}
	_ = os.Unsetenv(asRunner)
	o, err := runner.Run(context.Background(), runner.Command{Argv: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Fprintf(os.Stderr, "afterwards: %q\n", line)
	os.Exit(o.Code)
}

// child is a command under way whose output can be waited for.
type child struct {
	t       *testing.T
	lines   *bufio.Reader
	outcome runner.Outcome
	err     error
	done    chan struct{}
}

// start runs a shell script. The command is killed with the test at the latest.
func start(t *testing.T, ctx context.Context, script string, c runner.Command, lease runner.Lease) *child {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	read, write := io.Pipe()
	c.Argv, c.Stdout = []string{"sh", "-c", script}, write
	k := &child{t: t, lines: bufio.NewReader(read), done: make(chan struct{})}
	go func() {
		k.outcome, k.err = runner.Run(ctx, c, lease)
		_ = write.Close()
		close(k.done)
	}()
	t.Cleanup(func() {
		cancel()
		_ = read.Close()
		<-k.done
	})
	return k
}

// expect reads the next line and compares it.
func (k *child) expect(want string) {
	k.t.Helper()
	if got := k.line(); got != want {
		k.t.Fatalf("the command wrote %q, want %q", got, want)
	}
}

func (k *child) line() string {
	k.t.Helper()
	line, err := k.lines.ReadString('\n')
	if err != nil {
		k.t.Fatalf("no line from the command: %v (%+v, %v)", err, k.outcome, k.err)
	}
	return strings.TrimSuffix(line, "\n")
}

// wait reads what is left and returns how it ended.
func (k *child) wait() (runner.Outcome, error) {
	_, _ = io.Copy(io.Discard, k.lines)
	<-k.done
	return k.outcome, k.err
}

// lease is one whose end the test decides.
type lease struct {
	deadline time.Time
	lost     chan struct{}
	err      error
}

func (l *lease) Deadline() time.Time   { return l.deadline }
func (l *lease) Lost() <-chan struct{} { return l.lost }
func (l *lease) Err() error            { return l.err }

var errTest = errors.New("lost by the test")

// isGone says whether there is no process of that number, printed by a script.
func isGone(t *testing.T, pid string) bool {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(pid, &n); err != nil || n < 2 {
		t.Fatalf("%q is no process id", pid)
	}
	return errors.Is(syscall.Kill(n, 0), syscall.ESRCH)
}

func TestOutcome(t *testing.T) {
	for script, want := range map[string]runner.Outcome{
		"exit 0":         {},
		"exit 7":         {Code: 7},
		"exit 255":       {Code: 255},
		"kill -KILL $$":  {Code: 137, Signal: syscall.SIGKILL},
		"kill -USR1 $$":  {Code: 138, Signal: syscall.SIGUSR1},
		"no-such-thing-": {Code: 127},
	} {
		got, err := runner.Run(t.Context(), runner.Command{Argv: []string{"sh", "-c", script}}, nil)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", script, got, err, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o, err := runner.Run(t.Context(), runner.Command{
		Argv: []string{"sh", "-c", `pwd; echo "$1 $A:$HOME"; cat; echo err >&2`, "sh", "an argument"},
		Env:  []string{"A=b c", "PATH=" + os.Getenv("PATH")}, Dir: dir,
		Stdin: strings.NewReader("input\n"), Stdout: &out, Stderr: &out,
	}, nil)
	if want := dir + "\nan argument b c:\ninput\nerr\n"; err != nil || o.Code != 0 || out.String() != want {
		t.Errorf("%+v %v %q, want %q", o, err, out.String(), want)
	}
	// An endless input keeps nobody waiting.
	endless, hold := io.Pipe()
	defer hold.Close()
	if o, err := runner.Run(t.Context(), runner.Command{Argv: []string{"true"}, Stdin: endless}, nil); o.Code != 0 || err != nil {
		t.Errorf("%+v %v", o, err)
	}
}

func TestCannotStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	script := write("ok", 0o700, "#!/bin/sh\nexit 5\n")
	for _, c := range []struct {
		argv []string
		want error
	}{
		{nil, runner.ErrNotFound},
		{[]string{""}, runner.ErrNotFound},
		{[]string{"no-such-command-here"}, runner.ErrNotFound},
		{[]string{dir + "/none"}, runner.ErrNotFound},
		{[]string{write("plain", 0o600, "#!/bin/sh\n")}, runner.ErrCannotRun},
		{[]string{write("garbage", 0o700, "\x00\x01\x02")}, runner.ErrCannotRun},
		{[]string{dir}, runner.ErrCannotRun},
	} {
		if o, err := runner.Run(t.Context(), runner.Command{Argv: c.argv}, nil); !errors.Is(err, c.want) || o != (runner.Outcome{}) {
			t.Errorf("%q: %+v, %v, want %v", c.argv, o, err, c.want)
		}
	}
	if o, err := runner.Run(t.Context(), runner.Command{Argv: []string{"./" + filepath.Base(script)}, Dir: dir}, nil); o.Code != 5 || err != nil {
		t.Errorf("a command relative to its directory: %+v, %v", o, err)
	}
}

// TestWholeGroupGoes: what the first process leaves behind is ended, also if it
// ignores SIGTERM, also if nobody is left who could wait for it.
func TestWholeGroupGoes(t *testing.T) {
	for name, script := range map[string]string{
		"child that ends":    `sleep 1000 & echo $!; exit 3`,
		"child that ignores": `trap "" TERM; sleep 1000 & echo $!; exit 3`,
		"orphan":             `(trap "" TERM; sleep 1000 & echo $!) & wait; exit 3`,
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, t.Context(), script, runner.Command{Leftovers: 100 * time.Millisecond}, nil)
			pid := k.line()
			o, err := k.wait()
			if !isGone(t, pid) {
				t.Errorf("process %s is still there", pid)
			}
			if o != (runner.Outcome{Code: 3}) || err != nil {
				t.Errorf("%+v %v", o, err)
			}
		})
	}
}

func TestSignalsAreForwarded(t *testing.T) {
	for name, s := range map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT,
		"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH,
	} {
		t.Run(name, func(t *testing.T) {
			muffled := 0
			c := runner.Command{Muffle: func() func() { muffled++; return func() { muffled-- } }}
			// WINCH is ignored by default, and then a shell's sleep is not interrupted.
			k := start(t, t.Context(), `trap "echo got; exit 9" `+name+`; echo ready; while :; do sleep 0.01; done`, c, nil)
			k.expect("ready")
			if err := syscall.Kill(os.Getpid(), s); err != nil {
				t.Fatal(err)
			}
			k.expect("got")
			if o, err := k.wait(); o != (runner.Outcome{Code: 9}) || err != nil {
				t.Errorf("%+v %v", o, err)
			}
			if muffled != 0 {
				t.Error("others still do not listen to signals")
			}
		})
	}
}

func TestSecondSignalKills(t *testing.T) {
	for name, s := range map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			k := start(t, t.Context(), `trap "echo got" `+name+`; echo ready; while :; do sleep 0.01; done`, runner.Command{Grace: time.Hour}, nil)
			for _, line := range []string{"ready", "got"} {
				k.expect(line)
				if err := syscall.Kill(os.Getpid(), s); err != nil {
					t.Fatal(err)
				}
			}
			if o, err := k.wait(); o != (runner.Outcome{Code: 137, Signal: syscall.SIGKILL}) || err != nil {
				t.Errorf("%+v %v", o, err)
			}
		})
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	k := start(t, ctx, `trap "echo got; exit 4" TERM; echo ready; while :; do sleep 0.01; done`, runner.Command{Grace: time.Hour}, nil)
	k.expect("ready")
	cancel(errTest)
	k.expect("got")
	if o, err := k.wait(); o != (runner.Outcome{Code: 4}) || !errors.Is(err, errTest) {
		t.Errorf("%+v %v", o, err)
	}
	ctx, cancel = context.WithCancelCause(t.Context())
	k = start(t, ctx, `trap "" TERM; echo ready; while :; do sleep 0.01; done`, runner.Command{Grace: 50 * time.Millisecond}, nil)
	k.expect("ready")
	cancel(errTest)
	if o, err := k.wait(); o.Signal != syscall.SIGKILL || !errors.Is(err, errTest) {
		t.Errorf("%+v %v", o, err)
	}
	if _, err := runner.Run(ctx, runner.Command{Argv: []string{"true"}}, nil); !errors.Is(err, errTest) {
		t.Errorf("started after the end: %v", err)
	}
}
