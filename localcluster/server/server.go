package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
	"github.com/zooctl/zooctl/localcluster/server/session"
	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/localcluster/server/watch"
	"github.com/zooctl/zooctl/ops/wire"
)

// Peer is one member of the ensemble.
type Peer = consensus.Peer

// DefaultTickTime is the unit of ZooKeeper's timeouts, as in its sample
// configuration.
const DefaultTickTime = 2 * time.Second

// MaxID is the largest server id: it is the top byte of the session ids that
// the server gives, and stays clear of the sign bit.
const MaxID = 127

// Config describes one server. The listeners are open already, so that their
// addresses can be told before the server starts; the server closes them.
type Config struct {
	ID       uint64 // 1 to MaxID
	Peers    []Peer // the first members, this one included; what the data says comes before it
	Join     bool   // a server without data waits until a reconfig adds it; Peers is not needed
	Reconfig bool   // reconfigEnabled
	Alone    bool   // standaloneEnabled=false: one server is an ensemble, which may grow
	SkipACL  bool   // every client passes every ACL
	ReadOnly bool   // readonlymode.enabled: without the others, it answers the reads of clients that can do with that
	DataDir  string // of this server alone; made if missing
	Client   net.Listener
	Peer     net.Listener  // nil for a single server
	Secret   []byte        // the peers prove to each other that they know it
	TickTime time.Duration // the unit of timeouts; 0 is DefaultTickTime
	MaxFrame int           // jute.maxbuffer, in bytes; 0 is wire.DefaultMaxFrame
	Links    []Link        // what is wrong with its links from the start; see SetLinks
	NoSync   bool          // do not wait for the disk: what is acknowledged may be lost with the machine
	Version  string        // shown behind the protocol's version in srvr and envi
	OldDates bool          // the date beside it is written as before 3.7, for clients that know no other
	Logf     func(format string, args ...any)

	Secure      net.Listener      // for clients that speak TLS; nil for none
	TLS         *tls.Config       // with Secure
	SuperDigest string            // DigestAuthenticationProvider.superDigest: "super:" and a hash; who proves it may do everything
	SASLUsers   map[string]string // passwords by name, of those who may use DIGEST-MD5; nil for no SASL

	NoTypes           bool          // extendedTypesEnabled=false: no znode has a time to live
	EnforceQuota      bool          // enforceQuota: hard limits of quotas are kept
	ContainerInterval time.Duration // between two looks for what is to be collected; 0 is a second
	// Admin takes the AdminServer's requests, and Metrics those of Prometheus to /metrics.
	// They are nil for none. Both are plain HTTP.
	Admin, Metrics net.Listener
	AdminPath      string        // what the AdminServer's paths begin with; "" is DefaultAdminPath
	AdminInterval  time.Duration // between two snapshots, and between two restores, that it is asked for; 0 is DefaultAdminInterval, less is none
	NoSnapshot     bool          // admin.snapshot.enabled=false
	NoRestore      bool          // admin.restore.enabled=false
	Initial        string        // the text of the configuration file, for initial_configuration; "" is none

	Words []string // the four-letter words that are answered besides srvr: 4lw.commands.whitelist. nil or "*" is all

	LogDir                 string        // where the log is, if not in DataDir; of this server alone
	MinTimeout, MaxTimeout time.Duration // of sessions; 0 is 2 and 20 ticks
	MaxConns               int           // maxClientCnxns: connections from one address; 0 is no limit
	MaxTotal               int           // maxCnxns: connections from all; 0 is no limit
	MaxOutstanding         int           // globalOutstandingLimit; 0 is DefaultMaxOutstanding
	SnapCount              uint64        // writes between two snapshots, at most; 0 leaves it to the size of the log
}

// Server is one running server.
type Server struct {
	cfg     Config
	node    *consensus.Node
	rules   tree.Rules
	started time.Time
	stats   stats

	mu      sync.RWMutex // the tree: see the package comment
	tree    *tree.Tree
	watches *watch.Table[*conn]

	connsMu sync.Mutex
	conns   map[uint64]*conn
	stopped bool
	turn    chan struct{} // closed when the status is another
	limits  limits

	restoring map[uint64]chan int64 // by the nonce of a restore that somebody here waits for

	clockMu sync.Mutex // the clock, which runs on the leader only
	clock   *session.Clock
	leading bool

	status   atomic.Pointer[consensus.Status]
	aside    atomic.Int64 // since when there has been no leader, in Unix nanoseconds; 0 if there is one
	nonces   atomic.Uint64
	sessions atomic.Int64

	web []*http.Server // the AdminServer and that of the metrics

	target  []Peer  // what the members are to be; of the applying goroutine
	touched []*conn // of the applying goroutine
	warned  time.Time
	result  tree.Result

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Start starts a server and returns when it has its data and listens. Whether
// it has found a leader is told by its four-letter words.
func Start(cfg Config) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("no random numbers to be had: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		cfg: cfg, rules: cfg.rules(), started: time.Now(), ctx: ctx, cancel: cancel, turn: make(chan struct{}),
		tree: tree.New(), watches: watch.New[*conn](), clock: session.NewClock(),
		conns: make(map[uint64]*conn), restoring: make(map[uint64]chan int64), limits: limits{perAddr: make(map[netip.Addr]int)},
	}
	s.nonces.Store(binary.BigEndian.Uint64(seed[:]))
	s.status.Store(&consensus.Status{ID: cfg.ID})
	s.stats.trace.Store(defaultTrace)
	s.noteLeader(s.status.Load(), s.started)
	// As in Apache ZooKeeper: the server's id in the top byte, then the time, so
	// that ids differ between servers and between runs of one.
	s.sessions.Store(int64(cfg.ID)<<56 | time.Now().UnixMilli()<<24>>8&(1<<56-1))
	node, err := consensus.Start(consensus.Config{
		ID: cfg.ID, Peers: cfg.Peers, Join: cfg.Join, Dir: cfg.DataDir, LogDir: cfg.LogDir, Listener: cfg.Peer, Secret: cfg.Secret,
		NoSync: cfg.NoSync, SnapshotCount: cfg.SnapCount, Links: cfg.Links, Machine: (*machine)(s), Meter: s.meter(), Logf: cfg.Logf,
	})
	if err != nil {
		cancel()
		return nil, err
	}
	s.node = node
	s.stats.init.Observe(time.Since(s.started))
	s.wg.Go(func() { s.sweep(ctx) })   // ends with ctx
	s.wg.Go(func() { s.collect(ctx) }) // likewise
	for _, l := range cfg.listeners() {
		s.wg.Go(func() { s.accept(l) }) // ends with the listener
	}
	s.serveWeb()
	return s, nil
}

func (cfg *Config) check() error {
	if cfg.ID < 1 || cfg.ID > MaxID {
		return fmt.Errorf("server id %d: want 1 to %d", cfg.ID, MaxID)
	}
	if cfg.Client == nil {
		return errors.New("no listener for clients")
	}
	if cfg.TickTime <= 0 {
		cfg.TickTime = DefaultTickTime
	}
	if cfg.MinTimeout <= 0 {
		cfg.MinTimeout = 2 * cfg.TickTime
	}
	if cfg.MaxTimeout <= 0 {
		cfg.MaxTimeout = max(20*cfg.TickTime, cfg.MinTimeout)
	}
	if cfg.MinTimeout > cfg.MaxTimeout {
		return fmt.Errorf("session timeouts of at least %v and at most %v cannot be had", cfg.MinTimeout, cfg.MaxTimeout)
	}
	if cfg.MaxOutstanding <= 0 {
		cfg.MaxOutstanding = DefaultMaxOutstanding
	}
	if cfg.MaxFrame <= 0 {
		cfg.MaxFrame = wire.DefaultMaxFrame
	}
	if cfg.ContainerInterval <= 0 {
		cfg.ContainerInterval = time.Second
	}
	if cfg.Secure != nil && cfg.TLS == nil {
		return errors.New("a listener for TLS, and no configuration of it")
	}
	if cfg.AdminPath == "" {
		cfg.AdminPath = DefaultAdminPath
	}
	cfg.AdminPath = strings.TrimRight(cfg.AdminPath, "/")
	if cfg.AdminInterval == 0 {
		cfg.AdminInterval = DefaultAdminInterval
	}
	if cfg.Logf == nil {
		cfg.Logf = func(string, ...any) {}
	}
	return nil
}

// listeners are those for clients.
func (cfg *Config) listeners() []net.Listener {
	if cfg.Secure == nil {
		return []net.Listener{cfg.Client}
	}
	return []net.Listener{cfg.Client, tls.NewListener(cfg.Secure, cfg.TLS)}
}

// TransferLeader has the leader, whoever that is, hand over to another server with a
// vote, and waits until this one follows it. See [consensus.Node.TransferLeader].
func (s *Server) TransferLeader(ctx context.Context, to uint64) error {
	return s.node.TransferLeader(ctx, to)
}

// Stop hands over if this server leads, closes every connection and ends the server,
// which waits for all that it started. What was acknowledged is on disk already.
func (s *Server) Stop() error {
	s.node.HandOver()
	s.cancel()
	for _, l := range s.cfg.listeners() {
		_ = l.Close() // no more connections; accept ends
	}
	s.connsMu.Lock()
	s.stopped = true
	s.connsMu.Unlock()
	s.cutAll()
	s.stopWeb()
	s.wg.Wait()
	return s.node.Stop()
}

// Link says what is wrong with the way between a server and one of the others.
type Link = consensus.Link

// SetLinks replaces what is wrong with the links between this server and the others. It
// concerns no client: a server that loses its leader or its quorum drops its clients
// itself.
func (s *Server) SetLinks(faults []Link) { s.node.SetLinks(faults) }

// Failed is closed when the server can no longer keep its promises, as when its
// disk fails. Err then says why; the server still wants Stop.
func (s *Server) Failed() <-chan struct{} { return s.node.Failed() }

// Err returns why the server failed, or nil.
func (s *Server) Err() error { return s.node.Err() }

func (s *Server) accept(l net.Listener) {
	var pause time.Duration
	for {
		nc, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, say: others may be freed
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.cfg.Logf("accept: %v", err)
			time.Sleep(pause)
			continue
		}
		pause = 0
		c := s.newConn(nc)
		over, why := s.remember(c)
		if over {
			c.cut()
			return
		}
		if why != "" {
			s.reject(nc, why)
			continue
		}
		s.wg.Go(c.serve) // ends when the connection does, which Stop cuts
	}
}

// remember enters a connection into the table, unless the server has been stopped,
// or there are too many already: why then says so.
func (s *Server) remember(c *conn) (over bool, why string) {
	s.connsMu.Lock()
	defer s.connsMu.Unlock()
	if s.stopped {
		return true, ""
	}
	addr := addrOf(c.nc)
	if why = s.refused(addr); why == "" {
		s.conns[c.nonce] = c
		s.limits.perAddr[addr]++
	}
	return false, why
}

// forget takes a connection out of all tables. It holds the tree's lock so that
// no entry is being applied meanwhile, which might leave one more watch.
func (s *Server) forget(c *conn) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	last := c.seen()
	s.connsMu.Lock()
	delete(s.conns, c.nonce)
	s.stats.ended.merge(last)
	if addr := addrOf(c.nc); s.limits.perAddr[addr] > 1 {
		s.limits.perAddr[addr]--
	} else {
		delete(s.limits.perAddr, addr)
	}
	s.connsMu.Unlock()
	s.watches.Remove(c)
}

func (s *Server) conn(nonce uint64) *conn {
	s.connsMu.Lock()
	defer s.connsMu.Unlock()
	return s.conns[nonce]
}

// clients returns the connections of the moment.
func (s *Server) clients() []*conn {
	s.connsMu.Lock()
	defer s.connsMu.Unlock()
	cs := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		cs = append(cs, c)
	}
	return cs
}

func (s *Server) cutAll() {
	for _, c := range s.clients() {
		c.cut()
	}
}

// serving tells whether this server knows a leader, itself perhaps.
func (s *Server) serving() bool { return s.status.Load().Leader != 0 }

// nextNonce never returns 0, which stands for no connection.
func (s *Server) nextNonce() uint64 {
	for {
		if n := s.nonces.Add(1); n != 0 {
			return n
		}
	}
}
