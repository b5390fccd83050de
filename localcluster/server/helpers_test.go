package server_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
)

// patience bounds every wait in these tests. It is no measurement: nothing that
// works comes near it.
const patience = 20 * time.Second

// ensemble is a few servers in this process.
type ensemble struct {
	t       testing.TB
	dirs    []string
	peers   []server.Peer
	clients []string
	servers []*server.Server
	tick    time.Duration
	more    func(i int, cfg *server.Config) // changes the configuration of server i
}

func startEnsemble(t testing.TB, n int, tick time.Duration) *ensemble {
	t.Helper()
	return startWith(t, n, tick, func(int, *server.Config) {})
}

// startWith is startEnsemble with more in the configuration.
func startWith(t testing.TB, n int, tick time.Duration, more func(int, *server.Config)) *ensemble {
	t.Helper()
	e := &ensemble{t: t, tick: tick, more: more, servers: make([]*server.Server, n)}
	var cls, pls []net.Listener
	for i := range n {
		c, p := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
		cls, pls = append(cls, c), append(pls, p)
		e.dirs = append(e.dirs, t.TempDir())
		e.clients = append(e.clients, c.Addr().String())
		e.peers = append(e.peers, server.Peer{ID: uint64(i + 1), Addr: p.Addr().String(), Client: c.Addr().String()})
	}
	t.Cleanup(e.stopAll)
	for i := range n {
		e.start(i, cls[i], pls[i])
	}
	return e
}

func listen(t testing.TB, addr string) net.Listener {
	t.Helper()
	var l net.Listener
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if l, err = net.Listen("tcp", addr); err == nil {
			return l
		}
	}
	t.Fatal(err)
	return nil
}

func (e *ensemble) start(i int, c, p net.Listener) {
	e.t.Helper()
	cfg := server.Config{
		ID: uint64(i + 1), Peers: e.peers, DataDir: e.dirs[i], Client: c, Peer: p,
		Secret: []byte("a secret of these tests"), TickTime: e.tick, Version: "test",
		Logf: func(f string, a ...any) { e.log(i, fmt.Sprintf(f, a...)) },
	}
	e.more(i, &cfg)
	s, err := server.Start(cfg)
	if err != nil {
		e.t.Fatal(err)
	}
	e.servers[i] = s
}

var logMu sync.Mutex // t.Log after the test has ended panics; servers are stopped before

func (e *ensemble) log(i int, line string) {
	logMu.Lock()
	defer logMu.Unlock()
	e.t.Logf("server %d: %s", i+1, line)
}

func (e *ensemble) restart(i int) {
	e.t.Helper()
	e.start(i, listen(e.t, e.clients[i]), listen(e.t, e.peers[i].Addr))
}

func (e *ensemble) stop(i int) {
	if s := e.servers[i]; s != nil {
		e.servers[i] = nil
		if err := s.Stop(); err != nil {
			e.t.Errorf("stop server %d: %v", i+1, err)
		}
	}
}

func (e *ensemble) stopAll() {
	for i := range e.servers {
		e.stop(i)
	}
}
