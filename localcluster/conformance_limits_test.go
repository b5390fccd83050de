package localcluster_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// configured starts a server from lines of a zoo.cfg, with Java's flags, and returns
// the address of its clients.
func configured(t *testing.T, engine string, flags []string, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close() // the server wants its port
	_, port, _ := net.SplitHostPort(addr)
	lines = append(lines, "dataDir="+filepath.Join(dir, "data"), "clientPort="+port, "clientPortAddress=127.0.0.1", "admin.enableServer=false")
	cfg := filepath.Join(dir, "test.cfg")
	if err := os.WriteFile(cfg, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if engine == "apache" {
		startApache(t, cfg, flags)
	} else {
		startServe(t, cfg, flags)
	}
	eventually(t, "a server that serves", func() bool {
		says, err := wiretest.Word(addr, "srvr")
		return err == nil && strings.Contains(says, "Mode: standalone")
	})
	return addr
}

func startApache(t *testing.T, cfg string, flags []string) {
	t.Helper()
	cmd, err := localcluster.ApacheServer(cfg, flags...)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Log(log.String())
		}
	})
}

func startServe(t *testing.T, cfg string, flags []string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var log syncBuffer
	o := localcluster.ServeOptions{Config: cfg, Log: &log}
	for _, f := range flags {
		o.Properties = append(o.Properties, strings.TrimPrefix(f, "-D"))
	}
	done := make(chan error, 1)
	go func() { done <- localcluster.Serve(ctx, o) }() // ends with ctx, and is waited for
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("serve: %v\n%s", err, log.String())
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// syncBuffer is a log that several write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestConfiguredLimits holds every engine to what the limits in a zoo.cfg mean.
func TestConfiguredLimits(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			t.Run("connections", func(t *testing.T) { limitConns(t, engine) })
			t.Run("all connections", func(t *testing.T) { limitAllConns(t, engine) })
			t.Run("timeouts", func(t *testing.T) { limitTimeouts(t, engine) })
			t.Run("frames", func(t *testing.T) { limitFrames(t, engine) })
		})
	}
}

// refuses tells whether a server ends a new connection from an address without a word.
func refuses(t *testing.T, addr, from string) bool {
	t.Helper()
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	nc, err := d.Dial("tcp", addr)
	if err != nil {
		return true // it may be reset before it is told of
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, "srvr"); err != nil {
		return true
	}
	says, err := io.ReadAll(nc)
	if err == nil && !strings.Contains(string(says), "Mode: ") && len(says) > 0 {
		t.Errorf("the server says %q", says)
	}
	return len(says) == 0
}

// limitConns: maxClientCnxns counts connections of one address, of whatever kind, and a
// connection that ends makes room.
func limitConns(t *testing.T, engine string) {
	addr := configured(t, engine, nil, "maxClientCnxns=3")
	var all []*wiretest.Client
	eventually(t, "room for three: the question whether it serves has gone", func() bool {
		if len(all) < 3 {
			if c, err := wiretest.Dial(t, addr); err == nil && c.Hello(wire.ConnectRequest{Timeout: 20_000, Password: make([]byte, 16)}) == nil {
				all = append(all, c)
			}
		}
		return len(all) == 3
	})
	for range 5 {
		if !refuses(t, addr, "127.0.0.1") {
			t.Fatal("a fourth connection is answered")
		}
	}
	if runtime.GOOS == "linux" && refuses(t, addr, "127.0.0.2") {
		t.Error("a connection from another address is refused")
	}
	for _, c := range all { // those that are there do not suffer
		c.Must(wire.OpExists, wiretest.Read("/"))
	}
	all[0].Must(wire.OpCloseSession, nil)
	eventually(t, "room for one more", func() bool { return !refuses(t, addr, "127.0.0.1") })
}

// limitAllConns: maxCnxns counts connections of all addresses.
func limitAllConns(t *testing.T, engine string) {
	addr := configured(t, engine, nil, "maxCnxns=1")
	var c *wiretest.Client
	eventually(t, "room for one", func() bool {
		var err error
		c, err = wiretest.Dial(t, addr)
		return err == nil && c.Hello(wire.ConnectRequest{Timeout: 20_000, Password: make([]byte, 16)}) == nil
	})
	if !refuses(t, addr, "127.0.0.1") {
		t.Error("a second connection is answered")
	}
	if runtime.GOOS == "linux" && !refuses(t, addr, "127.0.0.2") {
		t.Error("a connection from another address is answered")
	}
	c.Must(wire.OpExists, wiretest.Read("/"))
}

// limitTimeouts: sessions are held between minSessionTimeout and maxSessionTimeout,
// whatever the tick.
func limitTimeouts(t *testing.T, engine string) {
	addr := configured(t, engine, nil, "tickTime=2000", "minSessionTimeout=1500", "maxSessionTimeout=90000")
	for asked, given := range map[int32]int32{-5: 1500, 0: 1500, 1499: 1500, 1501: 1501, 4000: 4000, 89_999: 89_999, 2_000_000_000: 90_000} {
		c := wiretest.Connect(t, addr, asked)
		equal(t, fmt.Sprintf("timeout for %d", asked), c.Resp.Timeout, given)
		c.Must(wire.OpCloseSession, nil)
	}
}

// limitFrames: a frame of jute.maxbuffer bytes is taken, and one that is longer ends
// the connection.
func limitFrames(t *testing.T, engine string) {
	addr := configured(t, engine, []string{"-Djute.maxbuffer=2000"})
	c := wiretest.Connect(t, addr, 20_000)
	empty := len(wire.Frame(wiretest.Create("/a", "", 0))) - 4 + 8 // without its length, and with a header of 8 bytes
	c.Must(wire.OpCreate, wiretest.Create("/a", strings.Repeat("x", 2000-empty), 0))
	c.Send(wire.OpCreate, wiretest.Create("/b", strings.Repeat("x", 2001-empty), 0))
	c.Closed()
	c = wiretest.Connect(t, addr, 20_000)
	if got := c.Call(wire.OpExists, wiretest.Read("/b")).Err; got != wire.CodeNoNode {
		t.Errorf("exists /b: %v", got)
	}
}

// TestServeLog: with dataLogDir the log is there, and both directories are held.
func TestServeLog(t *testing.T) {
	dir := t.TempDir()
	cfg := filepath.Join(dir, "zoo.cfg")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close() // the server wants its port
	_, port, _ := net.SplitHostPort(addr)
	write("zoo.cfg", fmt.Sprintf("dataDir=%s/data\ndataLogDir=%s/log\nclientPort=%s\nsnapCount=10\n", dir, dir, port))
	for run := range 2 {
		stop := startServe(t, cfg, nil)
		var c *wiretest.Client
		eventually(t, "a session", func() bool {
			c, err = wiretest.Dial(t, addr)
			return err == nil && c.Hello(wire.ConnectRequest{Timeout: 20_000, Password: make([]byte, 16)}) == nil
		})
		for i := range 25 {
			c.Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/%d-%d", run, i), "", 0))
		}
		stat := c.Must(wire.OpGetData, wiretest.Read("/"))
		if _, s := wiretest.Data(t, stat); s.NumChildren != int32(25*(run+1)+1) {
			t.Errorf("run %d: %d children", run, s.NumChildren)
		}
		other := localcluster.ServeOptions{Config: filepath.Join(dir, "other.cfg"), Log: io.Discard}
		write("other.cfg", fmt.Sprintf("dataDir=%s/other\ndataLogDir=%s/log\nclientPort=0\n", dir, dir))
		if err := localcluster.Serve(t.Context(), other); err == nil || !strings.Contains(err.Error(), "log/zooctl is in use") {
			t.Errorf("a second server with the log: %v", err)
		}
		stop()
	}
	if exists(filepath.Join(dir, "data/zooctl/wal")) || !exists(filepath.Join(dir, "log/zooctl/wal")) {
		t.Error("the log is not in dataLogDir")
	}
	// "snapCount": 25 writes and more since the last snapshot were too many.
	if snaps, _ := filepath.Glob(filepath.Join(dir, "data/zooctl/snap/*.snap")); len(snaps) == 0 {
		t.Error("there is no snapshot")
	}
	if err := os.RemoveAll(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	err = localcluster.Serve(t.Context(), localcluster.ServeOptions{Config: cfg, Log: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "there are snapshots in") {
		t.Errorf("without the log: %v", err)
	}
}
