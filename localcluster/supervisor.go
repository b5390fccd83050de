package localcluster

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// patience bounds the wait for servers to become ready. Java on a busy machine needs
// many times its usual second.
const patience = 90 * time.Second

// stopPatience is how long a server may take to end when asked to.
const stopPatience = 10 * time.Second

// lookEvery is how often a supervisor looks whether its directory is still there.
const lookEvery = time.Second

// order is what a supervisor reads first from its standard input. For a temporary
// cluster the end of that input is the end of everything; for another one it is so
// until the servers are ready.
type order struct {
	Dir       string `json:"dir"` // "": a temporary one, in a place of its own
	State     state  `json:"state"`
	Fresh     bool   `json:"fresh"` // there is no such cluster yet
	Temporary bool   `json:"temporary"`
}

// report is what it writes to its standard output, once.
type report struct {
	Status *Status `json:"status,omitempty"`
	Fault  *fault  `json:"fault,omitempty"`
}

// supervisor runs the servers of one cluster.
type supervisor struct {
	order
	engine  engine
	secret  []byte
	lock    *flock.Flock
	log     *os.File
	events  *os.File
	control *net.UnixListener
	starter *starter
	wg      sync.WaitGroup // the goroutines that wait for processes
	turn    chan struct{}  // holds one token: operations come one after another
	ended   chan struct{}  // closed by the operation that ends the cluster

	mu    sync.Mutex
	nodes []*node
	cuts  map[way]bool // in force; replaced, never changed
}

// node is one server and what became of it.
type node struct {
	member
	state string // "running" or why it is not
	proc  *process
	seats []io.Closer // what keeps its ports while it is down
}

// supervisorMain is a supervisor process, from its order to the end of its cluster.
func supervisorMain() int {
	closeInherited()
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	tell := json.NewEncoder(os.Stdout)
	var o order
	dec := json.NewDecoder(os.Stdin)
	if err := dec.Decode(&o); err != nil {
		_ = tell.Encode(report{Fault: faultOf(err)}) // the owner is gone if this fails
		return 1
	}
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	var told atomic.Bool
	go func() { // ends with the owner, or with this process
		_, _ = io.Copy(io.Discard, io.MultiReader(dec.Buffered(), os.Stdin))
		if o.Temporary || !told.Load() { // else it may go
			abort(errors.New("the owner is gone"))
		}
	}()
	s, status, err := boot(ctx, o)
	if err != nil {
		_ = tell.Encode(report{Fault: faultOf(err)}) // the owner is gone if this fails
		return 1
	}
	return s.serve(ctx, func() error {
		defer os.Stdout.Close() // nobody must wait for more
		told.Store(true)
		return tell.Encode(report{Status: status})
	})
}

// boot starts the servers and returns when they are ready. A failure leaves nothing
// running, and no file of a cluster that was not there before.
func boot(ctx context.Context, o order) (_ *supervisor, _ *Status, err error) {
	if o.Temporary {
		if o.Dir, err = os.MkdirTemp("", "zooctl-"); err != nil {
			return nil, nil, err
		}
	}
	s := &supervisor{order: o, turn: make(chan struct{}, 1), ended: make(chan struct{}), starter: newStarter()}
	if s.lock, err = hold(o.Dir); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.end(o.Fresh))
		}
	}()
	if err := s.open(); err != nil {
		return nil, nil, err
	}
	if err := s.startAll(ctx); err != nil {
		return nil, nil, err
	}
	if s.control, err = listenControl(s.Dir); err != nil {
		return nil, nil, err
	}
	if err := s.State.write(s.Dir); err != nil {
		return nil, nil, err
	}
	return s, s.status(ctx), nil
}

// open prepares the directory, which the lock protects by now.
func (s *supervisor) open() (err error) {
	if s.engine, err = engineOf(s.State.Engine); err != nil {
		return err
	}
	if err := s.engine.check(s.State.Dist); err != nil {
		return err
	}
	if s.log, err = appendTo(filepath.Join(s.Dir, "supervisor.log")); err != nil {
		return err
	}
	_ = debug.SetCrashOutput(s.log, debug.CrashOptions{}) // without it a crash says nothing anywhere
	if s.events, err = appendTo(filepath.Join(s.Dir, "events.jsonl")); err != nil {
		return err
	}
	file := filepath.Join(s.Dir, "secret")
	s.secret, err = os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		s.secret = make([]byte, 32)
		_, _ = rand.Read(s.secret) // never fails, by its documentation
		err = writeWhole(file, s.secret)
	}
	return err
}

func appendTo(file string) (*os.File, error) {
	return os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// serve answers requests until the cluster ends, and returns the exit code.
func (s *supervisor) serve(ctx context.Context, ready func() error) int {
	go s.answerAll(ctx)                      // ends with the listener
	defer func() { _ = s.control.Close() }() // it may be closed
	if err := ready(); err != nil {
		s.logf("nobody waits for the cluster: %v", err)
		return s.finish(s.Fresh)
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-s.ended:
			return 0
		case <-ctx.Done():
			s.logf("ends: %v", context.Cause(ctx))
			return s.finish(s.Temporary)
		case <-look.C:
			if !holds(s.lock, s.Dir) {
				// Nobody can reach this cluster any more. What is at its place by now is
				// another's.
				s.control.SetUnlinkOnClose(false)
				return s.finish(false)
			}
		}
	}
}

func (s *supervisor) finish(remove bool) int {
	if err := s.end(remove); err != nil {
		return 1
	}
	return 0
}

// end stops the servers and frees the cluster, with its files if so asked.
func (s *supervisor) end(remove bool) error {
	select {
	case s.turn <- struct{}{}: // after the operation that is under way
	case <-s.ended: // which has ended the cluster
		return nil
	}
	s.mu.Lock()
	all := append([]*node{}, s.nodes...)
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, n := range all {
		if remove {
			wg.Go(func() { s.halt(n, "killed") })
		} else {
			wg.Go(func() { s.halt(n, "stopped") })
		}
	}
	wg.Wait()
	s.wg.Wait()
	for _, n := range all {
		s.unpark(n)
	}
	if s.control != nil {
		_ = s.control.Close() // removes the socket, too
	}
	var err error
	if remove {
		err = removeDir(s.Dir)
	}
	return errors.Join(err, s.lock.Close())
}

// event notes what happened to a server.
func (s *supervisor) event(what string, n *node, more string) {
	pid := 0
	s.mu.Lock()
	if n.proc != nil && !n.proc.gone() || what == "exit" {
		pid = n.proc.pid
	}
	s.mu.Unlock()
	line, _ := json.Marshal(struct { // strings and numbers always can be
		Time  time.Time `json:"time"`
		Event string    `json:"event"`
		Node  int       `json:"node"`
		PID   int       `json:"pid,omitempty"`
		More  string    `json:"detail,omitempty"`
	}{time.Now(), what, n.id, pid, more})
	_, _ = s.events.Write(append(line, '\n')) // a full disk must not stop the cluster
}

func (s *supervisor) logf(format string, args ...any) {
	fmt.Fprintf(s.log, "%s "+format+"\n", append([]any{time.Now().Format("2006-01-02T15:04:05.000")}, args...)...)
}

// bind takes the sockets of the clients: those wanted, or the usual ones, or any.
func (s *supervisor) bind() ([]net.Listener, error) {
	if s.State.Ports != nil && s.Fresh {
		return sockets(s.State.Ports)
	}
	if s.State.Ports != nil {
		return rebind(s.State.Ports)
	}
	if !s.Temporary {
		if all, err := sockets(span(usual, s.State.Size)); err == nil {
			return all, nil
		}
	}
	return freeSockets(s.State.Size)
}

// tail returns the last lines of a file, without what a terminal would obey left out:
// that is for whoever shows them.
func tail(file string, lines int) []string {
	const limit = 16 << 10
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > limit {
		_, _ = f.Seek(-limit, io.SeekEnd) // else it is read from the start
	}
	b, _ := io.ReadAll(io.LimitReader(f, limit)) // a part is better than nothing
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	if all[0] == "" {
		return nil
	}
	return all[max(len(all)-lines, 0):]
}
