package cmd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
)

// errExpired is the end of a session whose ephemeral znodes someone waits for.
var errExpired = errors.New("the session is lost")

// session is what the lines of one shell share. Only the goroutine that runs
// the lines touches it, except for deaf and, while a line is typed, conns.
type session struct {
	getenv func(string) string
	mu     sync.Mutex            // over conns, which completion asks for, too
	conns  map[string]*ops.Conn  // by target: opened by the first line that asks
	dir    string                // where relative paths start
	last   string                // where 'cd -' goes
	lines  bool                  // a shell runs the lines
	chosen choice                // the ensemble that the shell is on
	script bool                  // the lines are read from stdin
	open   bool                  // the last answer ended within a line
	demo   *localcluster.Cluster // the throw-away ensemble of the shell, if it has one
	typed  func() []string       // what was typed at the prompt, oldest first
	left   bool                  // the line has ended the shell
	status int                   // with this status
	deaf   atomic.Int32          // while above 0, signals are someone else's
}

// Conn returns the ZooKeeper session of the line, opening it at the first
// call: help, completion and the generated documents need no server. The
// lines of a shell share a session for each ensemble; one that has ended is
// not used again.
func (a *App) Conn(ctx context.Context) (*ops.Conn, error) {
	t, err := a.target(ctx)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprint(t.String(), t.session, t.auth, t.readOnly)
	if conn := a.session.conn(key); conn != nil {
		if !isOver(conn) {
			return conn, nil
		}
		a.session.keep(key, nil)
		_ = conn.Close() // it is over
		fmt.Fprintln(a.Err, "zooctl: the session was lost, and its ephemeral znodes with it; this line starts a new one")
	}
	conn, err := a.dial(ctx, 0)
	if err != nil {
		return nil, err
	}
	return a.session.keep(key, conn), nil
}

func (s *session) conn(key string) *ops.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[key]
}

// keep makes conn the one for key and returns it, unless someone was faster. A nil
// conn forgets the one there is.
func (s *session) keep(key string, conn *ops.Conn) *ops.Conn {
	s.mu.Lock()
	first := s.conns[key]
	switch {
	case conn == nil:
		delete(s.conns, key)
	case first == nil:
		if s.conns == nil {
			s.conns = map[string]*ops.Conn{}
		}
		s.conns[key] = conn
	}
	s.mu.Unlock()
	if conn == nil || first == nil {
		return conn
	}
	_ = conn.Close() // nothing was done on it
	return first
}

// dial opens a session of the line's own, which the caller closes. usual is
// the session timeout that is asked for where neither a flag nor the
// environment nor a context has named one; 0 leaves it to ops.
func (a *App) dial(ctx context.Context, usual time.Duration) (*ops.Conn, error) {
	t, err := a.target(ctx)
	if err != nil {
		return nil, err
	}
	c := ops.Config{
		Servers: t.servers, Chroot: t.chroot, Name: t.name, ReadOnly: t.readOnly,
		ConnectTimeout: t.connect, SessionTimeout: t.session,
	}
	if c.SessionTimeout == 0 {
		c.SessionTimeout = usual
	}
	for _, value := range t.auth {
		auth, err := a.secret(value)
		if err != nil {
			return nil, err
		}
		c.Auth = append(c.Auth, auth)
	}
	if a.trace {
		c.Trace = a.Err
	}
	return ops.Dial(ctx, c)
}

// do runs f on the ZooKeeper session of the line, within --timeout.
func (a *App) do(cmd *cobra.Command, f func(ctx context.Context, conn *ops.Conn) error) error {
	ctx, cancel := a.limited(cmd.Context())
	defer cancel()
	conn, err := a.Conn(ctx)
	if err != nil {
		return late(ctx, cmd, err)
	}
	return late(ctx, cmd, f(ctx, conn))
}

// limited is ctx for as long as --timeout allows.
func (a *App) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if a.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, time.Duration(a.timeout), errTimedOut)
}

// late names --timeout as the reason where it is one. A write that may have
// been applied is more important to know of.
func late(ctx context.Context, cmd *cobra.Command, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), errTimedOut) || errors.Is(err, ops.ErrOutcomeUnknown) {
		return err
	}
	if bad, ok := errors.AsType[*ops.Error](err); ok {
		return &failure{op: bad.Op, path: bad.Path, err: errTimedOut}
	}
	return &failure{op: opOf(cmd), err: errTimedOut}
}

// close ends the sessions with the ensembles.
func (s *session) close() {
	s.mu.Lock()
	all := s.conns
	s.conns = nil
	s.mu.Unlock()
	for _, conn := range all {
		_ = conn.Close() // the session is over either way: nobody can do more
	}
}

func isOver(conn *ops.Conn) bool {
	select {
	case <-conn.Lost():
		return true
	default:
		return false
	}
}
