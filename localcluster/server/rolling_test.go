package server_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// again takes up the session of c on server i.
func (e *ensemble) again(i int, c *wiretest.Client) *wiretest.Client {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		n, err := wiretest.Dial(e.t, e.clients[i])
		if err != nil {
			continue
		}
		if err := n.Hello(wire.ConnectRequest{Timeout: 2000, SessionID: c.Resp.SessionID, Password: c.Resp.Password}); err != nil {
			continue
		}
		if n.Resp.SessionID != c.Resp.SessionID {
			e.t.Fatalf("session 0x%x is gone", c.Resp.SessionID)
		}
		return n
	}
	e.t.Fatalf("server %d does not take session 0x%x", i+1, c.Resp.SessionID)
	return nil
}

// TestRollingRestart: each server is stopped and started in turn. Clients of the others
// keep their connections, the leader's restart included; those of the stopped one move
// on. No session ends and no ephemeral znode is missed for a moment.
func TestRollingRestart(t *testing.T) {
	e := startEnsemble(t, 3, 10*tick)
	var cs [3]*wiretest.Client
	for i := range cs {
		cs[i] = wiretest.Connect(t, e.clients[i], 20_000)
		cs[i].Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/e%d", i), "", wire.FlagEphemeral))
	}
	writes := 0
	for round := range 2 {
		for i := range cs {
			for k, c := range cs { // whatever is deleted from here on is told
				c.Must(wire.OpSync, &wire.PathRequest{Path: "/"})
				c.Must(wire.OpExists, wiretest.ReadWatch(fmt.Sprintf("/e%d", (k+1)%3)))
			}
			led := e.leader() == i
			e.stop(i)
			for k, c := range cs {
				if k == i {
					cs[k] = e.again((i+1)%3, c)
					continue
				}
				// The same connection: a handover is not noticed.
				c.Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/w%d", writes), "", 0))
				writes++
			}
			e.restart(i)
			old := cs[i]
			cs[i] = e.again(i, old)
			old.Closed()
			if led {
				t.Logf("round %d: server %d led", round, i+1)
			}
		}
	}
	for i, c := range cs {
		c.Must(wire.OpSync, &wire.PathRequest{Path: "/"})
		if _, stat := wiretest.Data(t, c.Must(wire.OpGetData, wiretest.Read(fmt.Sprintf("/e%d", i)))); stat.EphemeralOwner != c.Resp.SessionID {
			t.Errorf("/e%d belongs to 0x%x", i, stat.EphemeralOwner)
		}
		for k := range writes {
			c.Must(wire.OpExists, wiretest.Read(fmt.Sprintf("/w%d", k)))
		}
	}
}

// TestTransferLeader: by whichever server, and clients that wait for nothing stay.
func TestTransferLeader(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	var cs []*wiretest.Client
	for i := range 3 {
		cs = append(cs, e.connect(i))
	}
	for range 3 {
		lead := e.leader()
		to := (lead + 1) % 3
		if err := e.servers[(lead+2)%3].TransferLeader(t.Context(), uint64(to+1)); err != nil {
			t.Fatal(err)
		}
		for _, c := range cs {
			if r := c.Call(wire.OpSetData, &wire.SetDataRequest{Path: "/", Version: -1}); r.Err != wire.CodeOK {
				t.Errorf("%v", r.Err)
			}
		}
		if now := e.leader(); now != to {
			t.Errorf("server %d leads, not %d", now+1, to+1)
		}
	}
}

// TestJoinsBySnapshot: what a new server needs is no longer in the log.
func TestJoinsBySnapshot(t *testing.T) {
	e := startWith(t, 3, tick, mayReconfig)
	c := e.connect(0)
	big := string(make([]byte, 64<<10))
	c.Must(wire.OpCreate, wiretest.Create("/e", "", wire.FlagEphemeral))
	for k := range 400 { // three times what is kept in memory
		c.Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/n%03d", k), big, 0))
	}
	four := e.join()
	c.Must(wire.OpReconfig, &wire.ReconfigRequest{Joining: e.spec(four, "participant"), Config: -1})
	n := e.connect(four)
	for k := range 400 {
		if got, _ := wiretest.Data(t, n.Must(wire.OpGetData, wiretest.Read(fmt.Sprintf("/n%03d", k)))); got != big {
			t.Fatalf("/n%03d has %d bytes", k, len(got))
		}
	}
	n.Must(wire.OpExists, wiretest.Read("/e"))
	data, _ := e.config(0)
	if got, _ := wiretest.Data(t, n.Must(wire.OpGetData, wiretest.Read(tree.ConfigPath))); got != data {
		t.Errorf("the new server shows %q, not %q", got, data)
	}
	again := e.again(four, c) // a session that is older than the server
	again.Must(wire.OpSetData, &wire.SetDataRequest{Path: "/e", Version: -1})
}
