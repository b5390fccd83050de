// Package clustertest gives Go tests a real ensemble: embedded servers that run in
// the test's own process, on loopback, with their data in the test's directory.
//
//	func TestMyService(t *testing.T) {
//		servers := clustertest.Start(t, 3) // "127.0.0.1:40001,127.0.0.1:40002,127.0.0.1:40003"
//		// connect with any ZooKeeper client
//	}
//
// Start returns when the servers serve, and the test's end stops them. Nothing here
// sleeps for a fixed time, and nothing is left behind.
package clustertest

import (
	"crypto/rand"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
)

// patience bounds the wait for a leader. It is no measurement.
const patience = 30 * time.Second

// Start runs n embedded servers for the length of the test and returns their
// addresses as a connection string.
func Start(t testing.TB, n int) string {
	t.Helper()
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	var (
		peers          []server.Peer
		clients, inner []net.Listener
		addrs          []string
	)
	for id := range uint64(n) {
		c, p := listen(t), listen(t)
		clients, inner = append(clients, c), append(inner, p)
		addrs = append(addrs, c.Addr().String())
		peers = append(peers, server.Peer{ID: id + 1, Addr: p.Addr().String()})
	}
	// Not t.TempDir: a server may still write while that one is emptied after a
	// failure in here.
	dir, err := os.MkdirTemp("", "zooctl-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // runs after the servers have stopped
	for i := range n {
		s, err := server.Start(server.Config{
			ID: uint64(i + 1), Peers: peers, DataDir: dir + "/" + string(rune('1'+i)), Client: clients[i], Peer: inner[i], Secret: secret,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Stop(); err != nil {
				t.Errorf("stop server %d: %v", i+1, err)
			}
		})
	}
	for _, a := range addrs {
		wait(t, a)
	}
	return strings.Join(addrs, ",")
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// wait returns when the server at addr says that it serves.
func wait(t testing.TB, addr string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			continue
		}
		_ = nc.SetDeadline(end)
		b := make([]byte, 4096)
		n := 0
		if _, err = nc.Write([]byte("srvr")); err == nil {
			n, _ = nc.Read(b) // what came is looked at
		}
		_ = nc.Close()
		if strings.Contains(string(b[:n]), "Zookeeper version") {
			return
		}
	}
	t.Fatalf("%s does not serve", addr)
}
