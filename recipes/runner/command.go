package runner

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What a Command leaves open.
const (
	DefaultGrace     = 10 * time.Second
	DefaultLeftovers = 2 * time.Second
)

// Command is what to run, and how to end it.
type Command struct {
	Argv []string // the program and its arguments; never read by a shell
	Env  []string // the whole environment, NAME=VALUE; nil is that of this process
	Dir  string   // where it starts; "" is where this process is

	// Stdin is empty if nil. A *os.File is passed as it is, as it must be for a
	// command that is to have the terminal. Any other reader is copied by a
	// goroutine that Run does not wait for, since nobody can end a Read: it ends
	// when its Read returns.
	Stdin io.Reader
	// What is written to Stdout and Stderr is thrown away if they are nil. A
	// *os.File is passed as it is; if both are the same writer, it is written to
	// by one goroutine.
	Stdout, Stderr io.Writer

	// Grace is the time between SIGTERM and SIGKILL when what is held is lost or
	// the context ends; 0 is DefaultGrace. A lease that ends sooner than that
	// makes it shorter.
	Grace time.Duration
	// Leftovers is the time between SIGTERM and SIGKILL for processes of the
	// group that are still there when the first one has ended; 0 is
	// DefaultLeftovers.
	Leftovers time.Duration

	// Muffle, if set, is called once Run listens to signals and before the
	// command starts. Whoever else acts on signals stops doing so until the
	// function that it returns is called, at the end of Run.
	Muffle func() (restore func())

	// Tell, if set, gets a line for the user when something is out of the
	// ordinary. It is called from the goroutine of Run.
	Tell func(line string)
}

// Lease is what is held while the command runs. Its methods are called from
// the goroutine of Run.
type Lease interface {
	// Deadline is when the group must be gone at the latest, because afterwards
	// what is held may belong to someone else. It moves forward as the lease is
	// confirmed, never back. The zero time is no deadline.
	Deadline() time.Time
	// Lost is closed once the group has to end: when what was held is gone, or
	// so long before Deadline as a command needs to end properly.
	Lost() <-chan struct{}
	// Err says why, after Lost.
	Err() error
}

// Outcome is how a command ended.
type Outcome struct {
	Code    int            // the exit code of the command; 128+n if signal n killed it
	Signal  syscall.Signal // that n, or 0
	Lost    bool           // the lease was lost before the group was gone
	LostErr error          // why; nil if it was not
}

// Errors of Run and Check. The first two come with the name of the command.
var (
	// ErrNotFound is a command that does not exist: exit code 127. It is the
	// error of os/exec.
	ErrNotFound = exec.ErrNotFound
	// ErrCannotRun is a command that exists and cannot be executed: exit code
	// 126.
	ErrCannotRun = errors.New("cannot be run")
	// ErrNoLease is a lease that is lost, or too old to start anything under
	// it. The command was not started.
	ErrNoLease = errors.New("the lease is over")
	// ErrUnconfirmed is a lease whose deadline came before it was confirmed
	// again.
	ErrUnconfirmed = errors.New("not confirmed in time")
	// ErrUnsupported is a system without process groups.
	ErrUnsupported = errors.New("running a command under a lock is not supported on Windows yet")
)

// SignalError is a signal that asked this program to end before the command
// was started. The command was not started.
type SignalError struct{ Signal syscall.Signal }

// Error names the signal.
func (e *SignalError) Error() string { return "ended by signal: " + e.Signal.String() }

// Check finds the program that c names, so that a mistake in the name is
// known before anything is held for it. The error is ErrNotFound or
// ErrCannotRun.
func (c Command) Check() error {
	_, err := c.find()
	return err
}

// find returns the file to execute. A relative path is relative to Dir, as it
// is for whoever changes there first.
func (c Command) find() (string, error) {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return "", fmt.Errorf("the command is empty: %w", ErrNotFound)
	}
	name := c.Argv[0]
	if c.Dir != "" && strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name) {
		abs, err := filepath.Abs(filepath.Join(c.Dir, name)) // it is started from Dir, checked from here
		if err != nil {
			return "", startError(name, err)
		}
		name = abs
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", startError(c.Argv[0], err)
	}
	return path, nil
}

// startError sorts the failures of a start into the two that a shell knows.
func startError(name string, err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", name, notFound{})
	}
	reason := err
	if bad, ok := errors.AsType[*fs.PathError](err); ok {
		reason = bad.Err
	} else if bad, ok := errors.AsType[*exec.Error](err); ok {
		reason = bad.Err
	}
	return fmt.Errorf("%s: %w: %w", name, ErrCannotRun, reason)
}

// notFound is ErrNotFound in the words of a shell: the text of os/exec speaks
// of $PATH even where the command was named by a path.
type notFound struct{}

func (notFound) Error() string { return "command not found" }
func (notFound) Unwrap() error { return ErrNotFound }
