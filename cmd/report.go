package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"

	"github.com/zooctl/zooctl/cmd/config"
	"github.com/zooctl/zooctl/cmd/render"
	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/recipes"
	"github.com/zooctl/zooctl/recipes/runner"
)

// The exit codes that a single place names; the others stand in the tables.
const (
	usage    = 64
	internal = 70
	broken   = signals + int(syscall.SIGPIPE)
	signals  = 128 // and the number of the signal
)

// codes says what each exit code means, for the whole program.
var codes = []struct {
	code    int
	meaning string
}{
	{0, "done"},
	{1, "the answer is no"},
	{usage, "wrong usage, or it would deadlock"},
	{65, "bad data, wrong version, or not empty"},
	{66, "no such znode, cluster, session, context or file"},
	{69, "no server reachable, or the connection was lost with nothing written"},
	{internal, "internal error"},
	{73, "exists already, cannot create"},
	{74, "connection lost with a write in flight: it may have been applied"},
	{75, "not now: busy, empty or timed out"},
	{77, "not authorized"},
	{79, "lost while running: session, lease, or the znode was deleted"},
	{126, "the command to run cannot be run"},
	{127, "the command to run was not found"},
	{signals, "128+n: ended by signal n; else, from commands that run one, its own code"},
}

// Failures that this package finds by itself.
var (
	errReadOnly  = errors.New("refused: the connection is read-only")
	errProtected = errors.New("refused: the context is protected")
	errTimedOut  = errors.New("timed out")
	errNotSure   = errors.New("not confirmed")
)

// outcomes says how a failure ends a line, and what helps the user on. The
// first row whose error matches holds; any other failure is an internal error.
var outcomes = []struct {
	err  error
	code int
	hint string
}{
	{ops.ErrOutcomeUnknown, 74, "read the znode to learn whether the write was applied; repeating it blindly may apply it twice"},
	{errTimedOut, 75, "--timeout says how long a command may take"},
	{ops.ErrTimeout, 75, "--timeout says how long a command may take"},
	{context.DeadlineExceeded, 75, ""},
	{ops.ErrNoNode, 66, ""},
	{ops.ErrNodeExists, 73, "'set' changes the value of a znode that exists"},
	{ops.ErrNotEmpty, 65, "'rm -r' removes a znode with everything below it"},
	{ops.ErrBadVersion, 65, "the znode was changed since: 'stat' shows its version"},
	{ops.ErrNoAuth, 77, "--auth SCHEME:@FILE or SCHEME:env:VAR adds an identity to the session"},
	{ops.ErrNoChildrenForEphemerals, 65, ""},
	{ops.ErrBadPath, usage, "a path is absolute: /a/b, with no empty part, no part '.' or '..', and no '/' at the end"},
	{ops.ErrTooLarge, 65, ""},
	{ops.ErrPreserved, usage, "--no-preserve-root allows it"},
	{ops.ErrInvalidACL, 65, ""},
	{ops.ErrBadArguments, 65, ""},
	{ops.ErrNotZooKeeper, 69, "check the port: the client port of ZooKeeper is 2181 unless configured otherwise"},
	{ops.ErrNoServer, 69, "--servers HOST:PORT names another ensemble; 'zooctl cluster up' starts one here"},
	{ops.ErrConnLost, 69, ""},
	{ops.ErrSessionExpired, 79, "its ephemeral znodes are gone"},
	{ops.ErrSessionMoved, 79, ""},
	{ops.ErrReadOnly, 77, ""},
	{ops.ErrUnsupported, 69, "the servers are too old, or too simple, for it"},
	{errReadOnly, 77, ""},
	{errProtected, 77, "--yes allows it"},
	{errNotSure, usage, "--yes answers for you"},
	{errExpired, 79, "its ephemeral znodes are gone"},
	{recipes.ErrBusy, 75, "-w TIME waits for it"},
	{recipes.ErrWaited, 75, ""},
	{recipes.ErrBadLock, 65, ""},
	{recipes.ErrDeleted, 79, ""},
	{runner.ErrNoLease, 79, ""},
	{runner.ErrUnsupported, 69, ""},
	{runner.ErrCannotRun, 126, ""},
	{localcluster.ErrNoCluster, 66, "'zooctl cluster ls' shows those there are, 'zooctl cluster up' makes one"},
	{localcluster.ErrNotRunning, 69, "'zooctl cluster up' starts it"},
	{localcluster.ErrNoNode, 66, "'zooctl cluster status' shows the servers"},
	{localcluster.ErrPortInUse, 69, "--ports asks for others; without it, free ones are found"},
	{localcluster.ErrBadSpec, usage, ""},
	{localcluster.ErrNoFile, 66, ""},
	{localcluster.ErrInUse, 75, ""},
	{localcluster.ErrConfig, 65, ""},
	{localcluster.ErrData, 65, ""},
	{localcluster.ErrNotHere, 69, ""},
	{localcluster.ErrNotForEngine, 69, ""},
	{config.ErrNoContext, 66, "contexts are in zooctl/config.yaml under XDG_CONFIG_HOME or ~/.config"},
	{exec.ErrNotFound, 127, ""},
}

// failure is what a command reports when no package below has named the
// operation and its path.
type failure struct {
	op, path string
	err      error
	hint     string // instead of the table's
}

func (f *failure) Error() string { return label(f.op, f.path) + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// reported is the status of a line that has told the user why.
type reported int

func (reported) Error() string { return "reported" }

// panicked is a fault of zooctl.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprint(p.value) }

// problem is a failure as it is shown.
type problem struct {
	Reason string `json:"error"`
	Op     string `json:"op,omitempty"`
	Path   string `json:"path,omitempty"`
	Code   int    `json:"code"`
	Hint   string `json:"hint,omitempty"`

	Log []string `json:"log,omitempty"` // the last lines of the server that did not start
}

// report shows err, if any, to the user and returns the exit status.
func (a *App) report(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	if status, ok := errors.AsType[reported](err); ok {
		return int(status)
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return broken // whoever read has enough, as 'head' does
	}
	p := a.explain(err)
	if sig, ok := ended(ctx, err); ok {
		if p.Code != 74 {
			return signals + sig
		}
		p.Code = signals + sig // and yet the user must know
	}
	a.tell(p)
	if bad, ok := errors.AsType[*panicked](err); ok && a.trace {
		_, _ = a.Err.Write(bad.stack) // if stderr is gone there is nobody to tell
	}
	return p.Code
}

// explain looks err up.
func (a *App) explain(err error) problem {
	p := problem{Code: internal, Reason: err.Error(), Op: opOf(a.line.cmd)}
	if bad, ok := errors.AsType[*failure](err); ok {
		p.Op, p.Path, p.Reason, p.Hint = bad.op, bad.path, bad.err.Error(), bad.hint
	}
	if bad, ok := errors.AsType[*ops.Error](err); ok {
		p.Op, p.Path, p.Reason = bad.Op, bad.Path, bad.Err.Error()
	}
	if bad, ok := errors.AsType[*localcluster.StartError](err); ok {
		p.Reason, p.Log = bad.Summary(), bad.Log
	}
	if code, hint, ok := lookUp(err); ok {
		p.Code = code
		if p.Hint == "" {
			p.Hint = hint
		}
	}
	if _, ok := errors.AsType[*panicked](err); ok {
		p.Reason = "internal error: " + p.Reason
		p.Hint = "this is a fault of zooctl: --trace shows where, for a report"
	}
	return p
}

// lookUp finds the exit code and the hint of err: by its kind, or else in the
// table of outcomes.
func lookUp(err error) (code int, hint string, ok bool) {
	if bad, ok := errors.AsType[*usageError](err); ok {
		return usage, bad.hint, true
	}
	if _, ok := errors.AsType[*config.FileError](err); ok {
		return 65, "", true
	}
	if _, ok := errors.AsType[*localcluster.StateError](err); ok {
		return 65, "'zooctl cluster down NAME' removes the cluster, its data too", true
	}
	if _, ok := errors.AsType[*localcluster.StartError](err); ok {
		return 69, "", true
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.code, o.hint, true
		}
	}
	return 0, "", false
}

// tell writes a problem in the form that the line asked for. What comes from
// outside, a path or a message, cannot act on the terminal.
func (a *App) tell(p problem) {
	if a.wants("json") {
		enc := json.NewEncoder(a.Err)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(p) // if stderr is gone there is nobody to tell
		return
	}
	fmt.Fprintf(a.Err, "zooctl: %s\n", render.Escape(label(p.Op, p.Path)+p.Reason))
	if len(p.Log) > 0 {
		fmt.Fprintln(a.Err, "its log ends with:")
	}
	for _, line := range p.Log {
		fmt.Fprintf(a.Err, "  %s\n", render.Escape(line))
	}
	if p.Hint != "" {
		fmt.Fprintf(a.Err, "hint: %s\n", render.Escape(p.Hint))
	}
}

// label is how a message begins: what was tried, on what.
func label(op, path string) string {
	label := strings.TrimSpace(op + " " + path)
	if label == "" {
		return ""
	}
	return label + ": "
}

// wants says that the line asks for a format. A line that failed before its
// flags were read is read here.
func (a *App) wants(format string) bool {
	if a.set["output"] {
		return a.output == format
	}
	words := a.line.words
	for i, word := range words {
		value, ok := strings.CutPrefix(word, "--output=")
		if !ok {
			value, ok = strings.CutPrefix(word, "-o")
		}
		switch {
		case word == "--":
			return a.output == format
		case (word == "-o" || word == "--output") && i+1 < len(words):
			return words[i+1] == format
		case ok:
			return strings.TrimPrefix(value, "=") == format
		}
	}
	return a.output == format
}
