package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

func mayReconfig(_ int, c *server.Config) { c.Reconfig, c.SkipACL = true, true }

// join starts one more server, which waits to be added, and returns its place.
func (e *ensemble) join() int {
	e.t.Helper()
	i := len(e.servers)
	c, p := listen(e.t, "127.0.0.1:0"), listen(e.t, "127.0.0.1:0")
	e.servers = append(e.servers, nil)
	e.dirs = append(e.dirs, e.t.TempDir())
	e.clients = append(e.clients, c.Addr().String())
	e.peers = append(e.peers, server.Peer{ID: uint64(i + 1), Addr: p.Addr().String(), Client: c.Addr().String()})
	more := e.more
	e.more = func(i int, c *server.Config) {
		more(i, c)
		c.Join = true
	}
	e.start(i, c, p)
	e.more = more
	return i
}

// spec is server i as a request names it.
func (e *ensemble) spec(i int, role string) string {
	p := e.peers[i]
	_, port, _ := strings.Cut(p.Client, ":")
	return fmt.Sprintf("server.%d=%s:%s:%s;%s", p.ID, p.Addr, port, role, p.Client)
}

// config returns what /zookeeper/config says on server i, and its Stat.
func (e *ensemble) config(i int) (string, wire.Stat) {
	e.t.Helper()
	return wiretest.Data(e.t, e.connect(i).Must(wire.OpGetData, wiretest.Read(tree.ConfigPath)))
}

// TestConfigAtStart: as in Apache ZooKeeper, the members with version 0, and nothing
// where a server stands alone.
func TestConfigAtStart(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	want := ""
	for i := range 3 {
		want += e.spec(i, "participant") + "\n"
	}
	want += "version=0"
	for i := range 3 {
		if got, stat := e.config(i); got != want || stat.Version != -1 || stat.Mzxid != 0 || stat.Aversion != -1 {
			t.Errorf("server %d: %q %+v, want %q", i+1, got, stat, want)
		}
	}
	if got, stat := startEnsemble(t, 1, tick).config(0); got != "" || stat.Version != 0 {
		t.Errorf("a server alone: %q %+v", got, stat)
	}
}

// TestReconfig: a server joins, another leaves, a third loses its vote. The answer is
// the new configuration, which all show and whose watch fires.
func TestReconfig(t *testing.T) {
	e := startWith(t, 3, tick, mayReconfig)
	c, w := e.connect(0), e.connect(1)
	for k := range 100 {
		c.Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/n%d", k), "", 0))
	}
	w.Must(wire.OpGetData, wiretest.ReadWatch(tree.ConfigPath))
	four := e.join()
	if got, _ := wiretest.Word(e.clients[four], "srvr"); got != "This ZooKeeper instance is not currently serving requests\n" {
		t.Errorf("a server that waits: %q", got)
	}
	version := func(r wire.ReconfigRequest, want ...string) int64 {
		t.Helper()
		reply := c.Must(wire.OpReconfig, &r)
		data, stat := wiretest.Data(t, reply)
		if all := strings.Join(want, "\n") + fmt.Sprintf("\nversion=%x", stat.Mzxid); data != all {
			t.Errorf("reconfig %+v: %q, want %q", r, data, all)
		}
		if stat.Mzxid != reply.Zxid || stat.Version != -1 || stat.Mtime == 0 {
			t.Errorf("reply with zxid %x: %+v", reply.Zxid, stat)
		}
		return stat.Mzxid
	}
	line := func(i int) string { return e.spec(i, "participant") }
	v := version(wire.ReconfigRequest{Joining: line(four), Config: -1}, line(0), line(1), line(2), line(3))
	if got := w.Event(); got != (wire.WatcherEvent{Type: wire.EventNodeDataChanged, State: 3, Path: tree.ConfigPath}) {
		t.Errorf("event %+v", got)
	}
	n := e.connect(four)
	n.Must(wire.OpExists, wiretest.Read("/n99"))
	n.Must(wire.OpCreate, wiretest.Create("/by-four", "", 0))
	if got, _ := wiretest.Word(e.clients[four], "mntr"); !strings.Contains(got, "zk_quorum_size\t4\n") {
		t.Errorf("mntr of the new server: %q", got)
	}
	v = version(wire.ReconfigRequest{Leaving: "2", Joining: e.spec(four, "observer"), Config: v}, line(0), line(2), e.spec(four, "observer"))
	w.Closed()
	n.Must(wire.OpCreate, wiretest.Create("/by-observer", "", 0))
	if got, _ := wiretest.Word(e.clients[four], "srvr"); !strings.Contains(got, "Mode: observer\n") {
		t.Errorf("srvr of the observer: %q", got)
	}
	if got, _ := wiretest.Word(e.clients[1], "srvr"); got != "This ZooKeeper instance is not currently serving requests\n" {
		t.Errorf("srvr of the removed server: %q", got)
	}
	version(wire.ReconfigRequest{NewMembers: strings.Join([]string{line(four), line(1), line(0)}, ","), Config: v}, line(0), line(1), line(3))
	for _, i := range []int{0, 1, 3} {
		e.connect(i).Must(wire.OpExists, wiretest.Read("/by-observer"))
	}
	c.Must(wire.OpSync, &wire.PathRequest{Path: "/"}) // the connection goes on
}

// TestReconfigRemovesLeader: the leader hands over, and the client that asked for it is
// answered.
func TestReconfigRemovesLeader(t *testing.T) {
	e := startWith(t, 3, tick, mayReconfig)
	e.connect(0)
	lead := e.leader()
	c := e.connect((lead + 1) % 3)
	var want []string
	for i := range 3 {
		if i != lead {
			want = append(want, e.spec(i, "participant"))
		}
	}
	data, _ := wiretest.Data(t, c.Must(wire.OpReconfig, &wire.ReconfigRequest{Leaving: fmt.Sprint(lead + 1), Config: -1}))
	if !strings.HasPrefix(data, strings.Join(want, "\n")+"\nversion=") {
		t.Errorf("%q", data)
	}
	c.Must(wire.OpCreate, wiretest.Create("/after", "", 0))
	if e.leader(lead) == lead {
		t.Error("the removed server leads")
	}
}

// TestReconfigRefused: the errors of Apache ZooKeeper, in its order.
func TestReconfigRefused(t *testing.T) {
	e := startWith(t, 3, tick, mayReconfig)
	c := e.connect(0)
	absent := func(i int) string {
		return fmt.Sprintf("server.%d=127.0.0.1:1:2:participant;127.0.0.1:3", i)
	}
	for name, k := range map[string]struct {
		r    wire.ReconfigRequest
		want wire.Code
	}{
		"version":            {wire.ReconfigRequest{Leaving: "x", Config: 7}, wire.CodeBadVersion},
		"no number":          {wire.ReconfigRequest{Leaving: "x", Config: -1}, wire.CodeMarshallingError},
		"no id":              {wire.ReconfigRequest{Joining: "server.x=a:1:2;3", Config: -1}, wire.CodeMarshallingError},
		"no specification":   {wire.ReconfigRequest{Joining: "server.4", Config: -1}, wire.CodeBadArguments},
		"two ports":          {wire.ReconfigRequest{Joining: "server.4=127.0.0.1:1;3", Config: -1}, wire.CodeBadArguments},
		"equal ports":        {wire.ReconfigRequest{Joining: "server.4=127.0.0.1:1:1;3", Config: -1}, wire.CodeBadArguments},
		"no port":            {wire.ReconfigRequest{Joining: "server.4=127.0.0.1:a:1;3", Config: -1}, wire.CodeBadArguments},
		"port too large":     {wire.ReconfigRequest{Joining: "server.4=127.0.0.1:70000:1;3", Config: -1}, wire.CodeMarshallingError},
		"role":               {wire.ReconfigRequest{Joining: "server.4=127.0.0.1:1:2:voter;3", Config: -1}, wire.CodeBadArguments},
		"no client port":     {wire.ReconfigRequest{Joining: "server.4=127.0.0.1:1:2", Config: -1}, wire.CodeBadArguments},
		"address of another": {wire.ReconfigRequest{Joining: "server.4=10.1.1.1:1:2;3,server.5=10.1.1.1:1:2;3", Config: -1}, wire.CodeBadArguments},
		"id too large":       {wire.ReconfigRequest{Joining: "server.128=127.0.0.1:1:2;3", Config: -1}, wire.CodeBadArguments},
		"unknown key":        {wire.ReconfigRequest{NewMembers: "servers.1=127.0.0.1:1:2;3", Config: -1}, wire.CodeBadArguments},
		"observers alone":    {wire.ReconfigRequest{NewMembers: "server.1=127.0.0.1:1:2:observer;3", Config: -1}, wire.CodeMarshallingError},
		"observers of one":   {wire.ReconfigRequest{NewMembers: "server.2=127.0.0.1:4:5;6,server.1=127.0.0.1:1:2:observer;3", Config: -1}, wire.CodeMarshallingError},
		"one":                {wire.ReconfigRequest{NewMembers: "server.2=127.0.0.1:4:5;6", Config: -1}, wire.CodeBadArguments},
		"too few":            {wire.ReconfigRequest{Leaving: "1,2", Config: -1}, wire.CodeBadArguments},
		"nobody there":       {wire.ReconfigRequest{NewMembers: absent(7) + "," + absent(8) + "," + absent(9), Config: -1}, wire.CodeNewConfigNoQuorum},
	} {
		if r := c.Call(wire.OpReconfig, &k.r); r.Err != k.want {
			t.Errorf("%s: %v, want %v", name, r.Err, k.want)
		}
	}
	if got, _ := e.config(1); !strings.HasSuffix(got, "\nversion=0") {
		t.Errorf("refused requests left %q", got)
	}
	c.Must(wire.OpCreate, wiretest.Create("/after", "", 0))

	off := startEnsemble(t, 3, tick)
	if r := off.connect(0).Call(wire.OpReconfig, &wire.ReconfigRequest{Leaving: "1", Config: -1}); r.Err != wire.CodeReconfigDisabled {
		t.Errorf("disabled: %v", r.Err)
	}
	strict := startWith(t, 3, tick, func(_ int, c *server.Config) { c.Reconfig = true })
	for _, r := range []wire.ReconfigRequest{{Leaving: "1", Config: -1}, {Joining: "server.999=127.0.0.1:1:2:observer;3", Config: -1}} {
		if a := strict.connect(0).Call(wire.OpReconfig, &r); a.Err != wire.CodeNoAuth {
			t.Errorf("%+v without the right: %v", r, a.Err)
		}
	}
	alone := startWith(t, 1, tick, mayReconfig)
	if r := alone.connect(0).Call(wire.OpReconfig, &wire.ReconfigRequest{Leaving: "1", Config: -1}); r.Err != wire.CodeUnimplemented {
		t.Errorf("alone: %v", r.Err)
	}
}

// TestReconfigInProgress: while one change is under way another is refused, and the
// session of the client that waits does not expire.
func TestReconfigInProgress(t *testing.T) {
	e := startWith(t, 3, tick, mayReconfig)
	c, other := e.connect(0), e.connect(1)
	c.Send(wire.OpReconfig, &wire.ReconfigRequest{NewMembers: "server.1=" + strings.SplitN(e.spec(0, "participant"), "=", 2)[1] +
		",server.7=127.0.0.1:1:2:participant;127.0.0.1:3,server.8=127.0.0.1:1:2:participant;127.0.0.1:3", Config: -1})
	var codes []wire.Code
	for end := time.Now().Add(patience); time.Now().Before(end); {
		r := other.Call(wire.OpReconfig, &wire.ReconfigRequest{Leaving: "x", Config: -1})
		codes = append(codes, r.Err)
		if r.Err == wire.CodeReconfigInProgress {
			break
		}
	}
	if !slices.Contains(codes, wire.CodeReconfigInProgress) {
		t.Errorf("answers to a second request: %v", codes)
	}
	if r := c.Recv(); r.Err != wire.CodeNewConfigNoQuorum {
		t.Errorf("the first: %v", r.Err)
	}
	c.Must(wire.OpCreate, wiretest.Create("/after", "", wire.FlagEphemeral))
}

// TestGrowFromOne: an ensemble of one becomes one of three.
func TestGrowFromOne(t *testing.T) {
	e := startWith(t, 1, tick, func(_ int, c *server.Config) {
		mayReconfig(0, c)
		c.Alone = true
	})
	c := e.connect(0)
	c.Must(wire.OpCreate, wiretest.Create("/a", "x", 0))
	a, b := e.join(), e.join()
	c.Must(wire.OpReconfig, &wire.ReconfigRequest{Joining: e.spec(a, "participant") + "," + e.spec(b, "participant"), Config: -1})
	e.stop(0)
	for _, i := range []int{a, b} {
		if got, _ := wiretest.Data(t, e.connect(i).Must(wire.OpGetData, wiretest.Read("/a"))); got != "x" {
			t.Errorf("server %d reads %q", i+1, got)
		}
	}
	e.connect(a).Must(wire.OpCreate, wiretest.Create("/b", "", 0))
}
