package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zooctl/zooctl/ops/wire"
)

// What a Config leaves open.
const (
	DefaultConnectTimeout = 5 * time.Second
	DefaultSessionTimeout = 15 * time.Second
)

// Auth is an identity to add to a session.
type Auth struct {
	Scheme string // "digest"
	Data   []byte // as the scheme wants it: "user:password"; shown nowhere
}

// Config says which ensemble to connect to, and how.
type Config struct {
	Servers        []string // host:port
	Chroot         string   // "" or a path
	Auth           []Auth
	SessionTimeout time.Duration // asked for; the servers have the last word
	ConnectTimeout time.Duration // how long to look for a server, at first and whenever one is lost
	ReadOnly       bool          // refuse writes before they are sent
	Name           string        // what people call the ensemble; used in nothing but messages
	Trace          io.Writer     // a line for each request: operation, path, time, outcome; never a value
}

// Conn is one session. It may be used by several goroutines.
type Conn struct {
	cfg    Config
	lib    *zk.Conn
	ctx    context.Context // ends with the Conn
	cancel context.CancelFunc
	wg     sync.WaitGroup

	zxid  atomic.Int64 // the highest that a reply has shown
	born  time.Time
	heard atomic.Int64 // when the last frame came, in nanoseconds since born; a clock that is set does not move it

	mu       sync.Mutex
	live     *seam         // nil while no server is connected
	changed  chan struct{} // closed at the next change of live, or at the end
	calls    map[int32]*call
	lastXid  int32
	next     int // server to try next
	session  wire.ConnectResponse
	server   string
	reasons  map[string]error // why each server could not be used, since the last one was
	hopeless error            // no server will do; set before the first connection only
	err      error            // why the session is over
	lost     chan struct{}    // closed when it is
}

// Dial opens a session and returns when it is there. If no server can be had
// within the connect timeout it fails with [ErrNoServer]; it does not wait that
// long for servers that refuse the connection, all of them and twice.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	if len(cfg.Servers) == 0 {
		return nil, &Error{"connect", "", errors.New("no servers are given")}
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = DefaultConnectTimeout
	}
	if cfg.SessionTimeout <= 0 {
		cfg.SessionTimeout = DefaultSessionTimeout
	}
	c := &Conn{
		cfg: cfg, born: time.Now(), changed: make(chan struct{}), lost: make(chan struct{}), calls: make(map[int32]*call),
		next: rand.IntN(len(cfg.Servers)), reasons: make(map[string]error),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	lib, _, err := zk.Connect([]string{"ensemble"}, cfg.SessionTimeout,
		zk.WithDialer(c.newSeam), zk.WithHostProvider(oneHost{c.ctx}), zk.WithLogger(silent{}), zk.WithLogInfo(false))
	if err != nil {
		c.cancel()
		return nil, &Error{"connect", strings.Join(cfg.Servers, ","), err}
	}
	c.lib = lib
	if _, err := c.await(ctx); err != nil {
		_ = c.Close() // there is no session to end
		return nil, c.connectError(err)
	}
	return c, nil
}

// connectError says why no server could be used.
func (c *Conn) connectError(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	where := strings.Join(c.cfg.Servers, ",")
	foreign, last := 0, error(nil)
	for _, s := range c.cfg.Servers {
		if r := c.reasons[s]; r != nil {
			last = r
			if errors.Is(r, ErrNotZooKeeper) {
				foreign++
			}
		}
	}
	switch {
	case c.err != nil && !errors.Is(c.err, ErrClosed):
		return fail("connect", where, c.err)
	case foreign == len(c.cfg.Servers):
		return fail("connect", where, ErrNotZooKeeper)
	case last != nil && (errors.Is(err, ErrNoServer) || errors.Is(err, ErrConnLost)):
		return fail("connect", where, fmt.Errorf("%w: %w", ErrNoServer, last))
	}
	if errors.Is(err, ErrConnLost) {
		err = ErrNoServer
	}
	return fail("connect", where, err)
}

// Close ends the session: its ephemeral znodes go at once. If no server is
// connected, they go when the session's time is up.
func (c *Conn) Close() error {
	c.mu.Lock()
	s, over := c.live, c.err != nil
	c.mu.Unlock()
	var err error
	if s != nil && !over {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_, _, err = c.once(ctx, s, "close", wire.OpCloseSession, nil)
		cancel()
	}
	c.lose(ErrClosed)
	c.wg.Go(c.lib.Close) // up to a second for a library that waits for a server
	return fail("close", "", err)
}

// lose ends the session for good. The first reason stays.
func (c *Conn) lose(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	s := c.live
	c.live = nil
	close(c.lost)
	close(c.changed)
	c.changed = make(chan struct{})
	calls := c.takeCalls()
	c.mu.Unlock()
	c.cancel()
	if s != nil {
		s.shut()
	}
	for _, k := range calls {
		k.done <- outcome{err: errCut}
	}
}

func (c *Conn) takeCalls() map[int32]*call {
	calls := c.calls
	c.calls = make(map[int32]*call)
	return calls
}

// Lost is closed when the session is over; Err then says why.
func (c *Conn) Lost() <-chan struct{} { return c.lost }

// Err returns why the session is over, or nil.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Connected tells whether a server is connected at the moment.
func (c *Conn) Connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live != nil
}

// Changed returns a channel that is closed when Connected changes or the session
// is over.
func (c *Conn) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// LastHeard returns when a server last said anything. What it is compared with is not
// disturbed when the machine's clock is set.
func (c *Conn) LastHeard() time.Time { return c.born.Add(time.Duration(c.heard.Load())) }

func (c *Conn) hear() { c.heard.Store(int64(time.Since(c.born))) }

// SessionID returns the session's id.
func (c *Conn) SessionID() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.SessionID
}

// SessionTimeout returns the timeout that the servers have granted.
func (c *Conn) SessionTimeout() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.session.Timeout) * time.Millisecond
}

// Password returns what it takes, with the id, to take up the session elsewhere.
func (c *Conn) Password() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]byte(nil), c.session.Password...)
}

// Server returns the server connected last.
func (c *Conn) Server() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server
}

// await returns the connection to a server, waiting for one for as long as the
// connect timeout says.
func (c *Conn) await(ctx context.Context) (*seam, error) {
	var late <-chan time.Time
	for {
		c.mu.Lock()
		s, err, changed, hopeless := c.live, c.err, c.changed, c.hopeless
		c.mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case s != nil:
			return s, nil
		case hopeless != nil:
			return nil, ErrNoServer
		}
		if late == nil {
			t := time.NewTimer(c.cfg.ConnectTimeout)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-changed:
		case <-late:
			return nil, ErrConnLost
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// oneHost is the library's view of the ensemble: one server that is always there.
// Which one it is, and when to try the next, is decided below it. Once the session is
// over it says that all servers have been tried: only then does the library look
// whether it has been told to quit, and it would ask for connections for ever.
type oneHost struct{ ctx context.Context }

func (oneHost) Init([]string) error    { return nil }
func (oneHost) Len() int               { return 1 }
func (h oneHost) Next() (string, bool) { return "ensemble", h.ctx.Err() != nil }
func (oneHost) Connected()             {}

type silent struct{}

func (silent) Printf(string, ...any) {}
