package localcluster_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// conformWords: the four-letter words and the keys in their answers; "4lw tolerated with
// trailing newline; unknown 4 bytes -> close".
func conformWords(t *testing.T, s *subject) {
	modes := map[string]int{}
	for _, addr := range s.servers {
		for w, want := range map[string][]string{
			"ruok": {"imok"}, "ruok\n": {"imok"}, "isro": {"rw"},
			"srvr": {"Zookeeper version: 3.", ", built on ", "\nLatency min/avg/max: ", "\nReceived: ", "\nSent: ", "\nConnections: ", "\nOutstanding: ", "\nZxid: 0x", "\nMode: ", "\nNode count: "},
			"stat": {"Zookeeper version: 3.", "\nClients:\n", "\nMode: ", "\nNode count: "},
			"mntr": {"zk_version\t3.", "zk_server_state\t", "zk_num_alive_connections\t", "zk_outstanding_requests\t", "zk_znode_count\t", "zk_watch_count\t",
				"zk_ephemerals_count\t", "zk_approximate_data_size\t", "zk_packets_received\t", "zk_packets_sent\t", "zk_uptime\t", "zk_quorum_size\t3"},
			"envi": {"Environment:\n", "zookeeper.version=3.", "host.name=", "java.version=", "os.name=", "os.arch="},
			"conf": {"clientPort=", "dataDir=", "tickTime=2000", "minSessionTimeout=4000", "maxSessionTimeout=40000", "serverId=", "membership: \nserver.1=127.0.0.1:"},
			"xxxx": {""},
		} {
			got, err := wiretest.Word(addr, w)
			if err != nil {
				t.Errorf("%q: %v", w, err)
			}
			for _, part := range want {
				if !strings.Contains(got, part) {
					t.Errorf("%q: no %q in %q", w, part, got)
				}
			}
			if w == "xxxx" || strings.HasPrefix(w, "ruok") || w == "isro" {
				equal(t, w, got, want[0])
			}
			if w == "srvr" {
				_, mode, _ := strings.Cut(got, "\nMode: ")
				mode, _, _ = strings.Cut(mode, "\n")
				modes[mode]++
			}
		}
	}
	equal(t, "modes", modes, map[string]int{"follower": 2, "leader": 1})
}

// conformGarbage: whoever speaks something else is shut out, and nobody else notices.
func conformGarbage(t *testing.T, s *subject) {
	good := s.connect(t, 0)
	for name, b := range map[string]string{
		"another protocol": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"noise":            strings.Repeat("\xff\x00\xa5", 100),
		"a giant length":   "\x7f\xff\xff\xff" + strings.Repeat("x", 100),
		"a negative one":   "\x80\x00\x00\x00" + strings.Repeat("x", 100),
		"one over a limit": "\x00\x10\x00\x00" + strings.Repeat("x", 100),
		"half a greeting":  "\x00\x00\x00\x04abcd",
		"an empty frame":   "\x00\x00\x00\x00",
	} {
		c, err := wiretest.Dial(t, s.servers[0])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Conn.Write([]byte(b)) // the server may end the connection meanwhile
		t.Run(name, func(*testing.T) { c.Closed() })
	}
	// In a session: a body that ends too early.
	bad := s.connect(t, 0)
	if _, err := bad.Conn.Write(append([]byte{0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0, 4}, 0, 0, 0, 100)); err != nil {
		t.Fatal(err)
	}
	if r, err := bad.TryRecv(); err == nil && r.Err == wire.CodeOK {
		t.Errorf("half a request was answered: %+v", r)
	}
	good.Must(wire.OpSync, &wire.PathRequest{Path: "/"})
}

// conformLimit: "frame > jute.maxbuffer (0xfffff) -> connection closed, no error; 1,048,000
// B of data ok, 1,048,577 not".
func conformLimit(t *testing.T, s *subject) {
	c := s.connect(t, 0)
	root := s.root(t, c)
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: root, Data: make([]byte, 1_048_000), Version: -1})
	big := wire.Frame(&wire.RequestHeader{Xid: 9, Op: wire.OpSetData}, &wire.SetDataRequest{Path: root, Data: make([]byte, 1_048_577), Version: -1})
	_, _ = c.Conn.Write(big) // the server may end the connection meanwhile
	c.Closed()
	got, _ := wiretest.Data(t, s.connect(t, 0).Must(wire.OpGetData, wiretest.Read(root)))
	equal(t, "bytes that are there", len(got), 1_048_000)
}

// conformMemory: lengths that are announced, and what is sent without anything being
// read, cost an embedded server little. Java sets its own bound, at its start.
func conformMemory(t *testing.T, s *subject) {
	st, err := s.cluster.Status(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	before := resident(t, st.Nodes[0].PID)
	if s.engine != "embedded" || before == 0 {
		return // there is nothing to hold it to
	}
	c := s.connect(t, 0)
	root := s.root(t, c)
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: root, Data: make([]byte, 500_000), Version: -1})
	for range 500 { // 500 MB are announced
		nc, err := net.Dial("tcp", s.servers[0])
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if _, err := nc.Write([]byte{0, 0x0f, 0xff, 0xff, 1, 2, 3}); err != nil {
			t.Fatal(err)
		}
	}
	deaf := s.connect(t, 0)
	one := wire.Frame(&wire.RequestHeader{Xid: 1, Op: wire.OpGetData}, wiretest.Read(root))
	_ = deaf.Conn.SetWriteDeadline(time.Now().Add(2 * time.Second)) // the server stops reading: that is the point
	for range 10_000 {                                              // 5 GB are asked for
		if _, err := deaf.Conn.Write(one); err != nil {
			break
		}
	}
	c.Must(wire.OpSync, &wire.PathRequest{Path: "/"})
	grown := resident(t, st.Nodes[0].PID) - before
	t.Logf("the server grew by %d MiB", grown>>20)
	if grown > 300<<20 { // many times what it is, for the race detector's sake
		t.Error("that is too much")
	}
}

// resident returns the memory that a process holds, in bytes, or 0 where the system does
// not tell.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var kb int64
		if n, _ := fmt.Sscanf(sc.Text(), "VmRSS: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}

// conformQuorum: a server without a quorum drops its clients, takes no new ones, and says
// so; with a quorum again it has everything.
func conformQuorum(t *testing.T, s *subject) {
	c := s.connect(t, 0)
	root := s.root(t, c)
	if _, err := s.cluster.Stop(s.ctx, []string{"2", "3"}); err != nil {
		t.Fatal(err)
	}
	c.Closed()
	eventually(t, "the server to say that it does not serve", func() bool {
		got, err := wiretest.Word(s.servers[0], "srvr")
		return err == nil && got == "This ZooKeeper instance is not currently serving requests\n"
	})
	lone, err := wiretest.Dial(t, s.servers[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := lone.Hello(wire.ConnectRequest{Timeout: 10_000}); err == nil {
		t.Errorf("a server without a quorum gave a session: %+v", lone.Resp)
	}
	if _, err := s.cluster.Start(s.ctx, []string{"2", "3"}); err != nil {
		t.Fatal(err)
	}
	s.connect(t, 0).Must(wire.OpExists, wiretest.Read(root))
}
