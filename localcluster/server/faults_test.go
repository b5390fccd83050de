package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// leader waits until a server that is not one of those left out says that it leads.
func (e *ensemble) leader(without ...int) int {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		for i, s := range e.servers {
			if s == nil || slices.Contains(without, i) {
				continue
			}
			if got, _ := wiretest.Word(e.clients[i], "srvr"); strings.Contains(got, "Mode: leader") {
				return i
			}
		}
	}
	e.t.Fatal("no leader")
	return 0
}

// connect opens a session on server i as soon as it takes one.
func (e *ensemble) connect(i int) *wiretest.Client {
	e.t.Helper()
	return wiretest.Connect(e.t, e.clients[i], 2000)
}

// TestIsolatedServer: a leader behind a partition drops its clients and takes no new
// ones, the majority goes on, and no acknowledged write is lost.
func TestIsolatedServer(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	e.connect(0).Must(wire.OpCreate, wiretest.Create("/n", "", 0))
	acked := 0
	for range 3 {
		lead := e.leader()
		old := e.connect(lead)
		old.Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/n/%d", acked), "", 0))
		acked++
		var cut []server.Link
		for i := range e.servers {
			if i != lead {
				cut = append(cut, server.Link{Peer: uint64(i + 1), Mute: true, Deaf: true})
			}
		}
		e.servers[lead].SetLinks(cut)
		old.Send(wire.OpCreate, wiretest.Create("/lost", "", 0)) // it cannot be acknowledged
		old.Closed()
		next := e.leader(lead)
		e.connect(next).Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/n/%d", acked), "", 0))
		acked++
		if got, err := wiretest.Word(e.clients[lead], "srvr"); err != nil || got != "This ZooKeeper instance is not currently serving requests\n" {
			t.Errorf("the isolated server says %q, %v", got, err)
		}
		c, err := wiretest.Dial(t, e.clients[lead])
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Hello(wire.ConnectRequest{Timeout: 2000}); err == nil {
			t.Errorf("the isolated server gave session 0x%x", c.Resp.SessionID)
		}
		e.servers[lead].SetLinks(nil)
		for i := range e.servers {
			c := e.connect(i)
			for k := range acked {
				c.Must(wire.OpExists, wiretest.Read(fmt.Sprintf("/n/%d", k)))
			}
			if r := c.Call(wire.OpExists, wiretest.Read("/lost")); r.Err != wire.CodeNoNode {
				t.Errorf("a write that only the isolated leader had: %v", r.Err)
			}
		}
	}
}
