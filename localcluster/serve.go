package localcluster

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/localcluster/server/zoocfg"
)

// ServeOptions say which server to be.
type ServeOptions struct {
	Config     string   // path of zoo.cfg
	ID         int      // takes the place of the file myid; 0 leaves it to that
	Properties []string // Java's system properties, each KEY=VALUE
	Log        io.Writer
	// Started is called, unless it is nil, once the server listens and before it serves.
	Started func(Served)
}

// Served is a server that runs.
type Served struct {
	ID      int    `json:"id"`
	Address string `json:"address"`         // of its clients
	Admin   string `json:"admin,omitempty"` // host:port of the AdminServer
}

// The ways in which a server does not start, besides a bad configuration.
var (
	// ErrConfig is in every error that a configuration is at fault for.
	ErrConfig = errors.New("bad configuration")
	// ErrNoFile means that there is no file of that name.
	ErrNoFile = errors.New("no such file")
	// ErrData means that the data directory holds what this server cannot take.
	ErrData = errors.New("bad data directory")
	// ErrInUse means that another server has the data directory.
	ErrInUse = errors.New("in use by another server")
)

// Serve is one server of this program's own, as a zoo.cfg of Apache ZooKeeper
// describes it, in this process and until ctx ends; it then stops the server and
// returns nil. It differs from a server of Apache ZooKeeper in where it listens if
// the file names no address: on the loopback address, and nowhere else. Servers of
// an ensemble prove to each other that they know a secret, see [serving.secret].
func Serve(ctx context.Context, o ServeOptions) error {
	s := &serving{logf: logger(o.Log)}
	defer s.close()
	if err := s.configure(o); err != nil {
		return err
	}
	if err := s.holdData(); err != nil {
		return err
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	if err := s.secret(ctx); err != nil {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(serverGC))
	srv, err := server.Start(s.cfg)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrData, err)
	}
	s.handOver()
	s.logf("server %d serves clients on %s; its data is in %s", s.cfg.ID, s.cfg.Client.Addr(), s.cfg.DataDir)
	if o.Started != nil {
		o.Started(s.served())
	}
	select {
	case <-ctx.Done():
		s.logf("stopping")
	case <-srv.Failed():
		return errors.Join(fmt.Errorf("server failed: %w", srv.Err()), srv.Stop())
	}
	return srv.Stop()
}

func (s *serving) served() Served {
	v := Served{ID: int(s.cfg.ID), Address: s.cfg.Client.Addr().String()}
	if s.cfg.Admin != nil {
		v.Admin = s.cfg.Admin.Addr().String()
	}
	return v
}

func logger(w io.Writer) func(string, ...any) {
	return func(format string, args ...any) {
		fmt.Fprintf(w, "%s "+format+"\n", append([]any{time.Now().Format("15:04:05.000")}, args...)...)
	}
}

// serving is one call of Serve.
type serving struct {
	logf  func(string, ...any)
	zoo   *zoocfg.Config
	cfg   server.Config
	locks []*flock.Flock // of the directories
	open  []net.Listener // until the server has them
	tls   *tls.Config    // of the secure port, if there is one
}

// close gives back what the server has not been given.
func (s *serving) close() {
	closeAll(s.open)
	for _, l := range s.locks {
		_ = l.Close() // the kernel does as much
	}
}

// handOver notes that the server closes the listeners.
func (s *serving) handOver() { s.open = nil }

// configure reads the file and makes of it what the server wants to know.
func (s *serving) configure(o ServeOptions) error {
	flags, err := properties(o.Properties)
	if err != nil {
		return err
	}
	text, err := readSmall(o.Config)
	if err != nil {
		return fileError(err)
	}
	zoo, warnings, err := zoocfg.Parse(zoocfg.Input{Name: o.Config, Text: text, Flags: flags, ID: o.ID, Read: readSmall})
	for _, w := range warnings {
		s.logf("%s", w)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s.zoo = zoo
	s.cfg = server.Config{
		ID: uint64(max(zoo.ID, 1)), DataDir: filepath.Join(zoo.DataDir, dataName), TickTime: zoo.TickTime,
		MaxFrame: zoo.MaxFrame, NoSync: zoo.NoSync, Version: version(), Logf: s.logf,
		MinTimeout: zoo.MinTimeout, MaxTimeout: zoo.MaxTimeout, MaxConns: zoo.MaxConns, MaxTotal: zoo.MaxTotal,
		MaxOutstanding: zoo.MaxOutstanding, SnapCount: zoo.SnapCount,
		Words: zoo.Words, Reconfig: zoo.Reconfig, Alone: !zoo.Standalone, Join: zoo.Join && len(zoo.Members) > 0, SkipACL: zoo.SkipACL, ReadOnly: zoo.ReadOnly,
		SuperDigest: zoo.SuperDigest, SASLUsers: zoo.SASLUsers, EnforceQuota: zoo.EnforceQuota, NoTypes: !zoo.ExtendedTypes,
		ContainerInterval: zoo.ContainerInterval, AdminPath: zoo.Admin.Path, Initial: zoo.Text, OldDates: zoo.OldDates,
		NoSnapshot: zoo.Admin.NoSnapshot, NoRestore: zoo.Admin.NoRestore, AdminInterval: zoo.Admin.Interval,
	}
	if zoo.LogDir != "" && filepath.Clean(zoo.LogDir) != filepath.Clean(zoo.DataDir) {
		s.cfg.LogDir = filepath.Join(zoo.LogDir, dataName)
	}
	if zoo.Secure != nil {
		if s.tls, err = tlsConfig(zoo.TLS); err != nil {
			return err
		}
	}
	return nil
}

// properties splits KEY=VALUE.
func properties(words []string) ([]zoocfg.Property, error) {
	var all []zoocfg.Property
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if key == "" {
			return nil, fmt.Errorf("%w: a property is KEY=VALUE, and this has no key", ErrBadSpec)
		}
		all = append(all, zoocfg.Property{Key: key, Value: value})
	}
	return all, nil
}

// listen opens the sockets.
func (s *serving) listen(ctx context.Context) error {
	var err error
	if s.zoo.Client == nil {
		return fmt.Errorf("%w: clientPort is not set: clients without TLS are needed here", ErrConfig)
	}
	if s.cfg.Client, err = s.listenAt(ctx, "clients", *s.zoo.Client); err != nil {
		return err
	}
	if err := s.listenAside(ctx); err != nil {
		return err
	}
	if len(s.zoo.Members) == 0 {
		s.cfg.Peers = []server.Peer{{ID: s.cfg.ID}}
		return nil
	}
	var me zoocfg.Address
	for _, m := range s.zoo.Members {
		s.cfg.Peers = append(s.cfg.Peers, peerOf(m))
		if m.ID == s.zoo.ID {
			me = zoocfg.Address{Host: m.Host, Port: m.Port}
		}
	}
	if s.zoo.ListenAll {
		me.Host = "0.0.0.0"
	}
	s.cfg.Peer, err = s.listenAt(ctx, "the other servers", me)
	return err
}

// listenAside opens the sockets of what is not there for all clients. The AdminServer's
// usual port may be another program's; only one that was asked for must be had.
func (s *serving) listenAside(ctx context.Context) error {
	var err error
	if s.tls != nil {
		if s.cfg.Secure, err = s.listenAt(ctx, "clients with TLS", *s.zoo.Secure); err != nil {
			return err
		}
		s.cfg.TLS = s.tls
	}
	if s.zoo.Metrics != nil {
		if s.cfg.Metrics, err = s.listenAt(ctx, "metrics", *s.zoo.Metrics); err != nil {
			return err
		}
	}
	if !s.zoo.Admin.Enabled {
		return nil
	}
	s.cfg.Admin, err = s.listenAt(ctx, "the AdminServer", s.zoo.Admin.Address)
	if err != nil && !s.zoo.Admin.Given {
		s.logf("no AdminServer: %v", err)
		s.cfg.Admin, err = nil, nil
	}
	return err
}

// peerOf is a member as the servers tell clients of it: one whose line names a port for
// clients and no address is on all addresses, as Apache ZooKeeper has it.
func peerOf(m zoocfg.Member) server.Peer {
	p := server.Peer{ID: uint64(m.ID), Addr: joined(m.Host, m.Port), Election: joined(m.Host, m.Election), Observer: m.Observer}
	if m.Client != nil {
		p.Client = joined(cmp.Or(m.Client.Host, "0.0.0.0"), m.Client.Port)
	}
	return p
}

// listenAt opens a socket where a says, or on the loopback address if it names no
// host.
func (s *serving) listenAt(ctx context.Context, whom string, a zoocfg.Address) (net.Listener, error) {
	if a.Host == "" {
		a.Host = "127.0.0.1"
		s.logf("no address is named for %s: listening on %s alone", whom, a.Host)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", joined(a.Host, a.Port))
	if err != nil {
		return nil, listenError(joined(a.Host, a.Port), err)
	}
	s.open = append(s.open, l)
	return l, nil
}
