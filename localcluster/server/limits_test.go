package server_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// outstanding asks a server how many requests wait, as mntr tells.
func outstanding(t *testing.T, addr string) int {
	t.Helper()
	says, err := wiretest.Word(addr, "mntr")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(says, "zk_outstanding_requests\t")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(line)
	if !ok || err != nil {
		t.Fatalf("mntr says %q", says)
	}
	return n
}

// TestOutstanding: however much clients send, no more than globalOutstandingLimit
// requests wait, and one of each connection; every request is answered in its order.
// Without the limit far more are seen to wait, or this test would show nothing.
func TestOutstanding(t *testing.T) {
	const limit, clients, each = 16, 4, 200
	for name, bound := range map[string]int{"limited": limit, "as usual": 0} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, "127.0.0.1:0")
			s, err := server.Start(server.Config{
				ID: 1, Peers: []server.Peer{{ID: 1}}, DataDir: t.TempDir(), Client: l, MaxOutstanding: bound, TickTime: time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Stop(); err != nil {
					t.Error(err)
				}
			}()
			addr := l.Addr().String()
			var all []*wiretest.Client
			for range clients {
				all = append(all, wiretest.Connect(t, addr, 20_000))
			}
			most := 0
			// Without the limit it is a question of time until many are seen.
			for round, end := 0, time.Now().Add(patience); round < 20 || bound == 0 && most <= limit+clients && time.Now().Before(end); round++ {
				for i, c := range all {
					for n := range each {
						c.Send(wire.OpCreate, wiretest.Create("/"+strconv.Itoa(((round*clients)+i)*each+n), strings.Repeat("x", 100), 0))
					}
				}
				most = max(most, outstanding(t, addr))
				for _, c := range all {
					for range each {
						if r := c.Recv(); r.Err != wire.CodeOK {
							t.Fatal(r.Err)
						}
					}
				}
			}
			t.Logf("at most %d were seen to wait", most)
			if bound > 0 && most > limit+clients {
				t.Errorf("%d requests wait, and the limit is %d", most, limit)
			}
			if bound == 0 && most <= limit+clients {
				t.Errorf("without the limit no more than %d wait: this test shows nothing", most)
			}
		})
	}
}
