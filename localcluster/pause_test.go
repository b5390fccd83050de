package localcluster_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// leaderOf returns the place of the leader among the servers.
func leaderOf(t *testing.T, st localcluster.Status) int {
	t.Helper()
	for i, n := range st.Nodes {
		if n.State == "leader" {
			return i
		}
	}
	t.Fatalf("there is no leader: %v", states(st))
	return 0
}

// TestPausedLeader pauses the leader: the others elect another and go on; when the old
// one may go on, it answers neither the write nor the read that lay in its sockets as
// if nothing had happened.
func TestPausedLeader(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			ctx := fresh(t)
			c, st := up(t, ctx, localcluster.Spec{Name: "pause", Size: 3, Engine: engine})
			old := leaderOf(t, st)
			through := wiretest.Connect(t, st.Servers[old], 20_000)
			through.Must(wire.OpCreate, wiretest.Create("/a", "old", 0))
			st, err := c.Pause(ctx, []string{"leader"})
			if err != nil || st.Nodes[old].State != "paused" || st.Nodes[old].PID == 0 {
				t.Fatalf("%v %v", states(st), err)
			}
			// These reach a process that does not run.
			write := through.Send(wire.OpSetData, &wire.SetDataRequest{Path: "/a", Data: []byte("of the old leader"), Version: 0})
			read := through.Send(wire.OpGetData, wiretest.Read("/a"))
			var others []string
			for i, addr := range st.Servers {
				if i != old {
					others = append(others, addr)
				}
			}
			conn := dial(t, ctx, others...)
			setSurely(t, ctx, conn, "/a", "new")
			if st, err = c.Resume(ctx, []string{"all"}); err != nil || st.Nodes[old].State != "follower" && engine == "embedded" {
				t.Fatalf("%v %v", states(st), err)
			}
			for {
				r, err := through.TryRecv()
				if err != nil {
					break // it was cut, as it had to be
				}
				if r.Xid == write && r.Err == wire.CodeOK {
					t.Errorf("a write of a deposed leader was acknowledged")
				}
				if r.Xid == read {
					if value, _ := wiretest.Data(t, r); value != "new" {
						t.Errorf("a deposed leader answered %q", value)
					}
					break
				}
			}
			for _, addr := range st.Servers {
				one := dial(t, ctx, addr)
				if err := one.Sync(ctx, "/a"); err != nil {
					t.Fatal(err)
				}
				expect(t, ctx, one, "/a", "new")
			}
		})
	}
}

// setSurely writes through servers of which one must come to lead first.
func setSurely(t *testing.T, ctx context.Context, c *ops.Conn, path, value string) {
	t.Helper()
	eventually(t, "a write of "+path, func() bool {
		_, err := c.Set(ctx, path, []byte(value), ops.Any)
		return err == nil
	})
}

// TestPausedEnds ends paused servers in every way, and none of them hangs.
func TestPausedEnds(t *testing.T) {
	ctx := fresh(t)
	c, _ := up(t, ctx, localcluster.Spec{Name: "still", Size: 3})
	for _, end := range []func(context.Context, []string) (localcluster.Status, error){c.Kill, c.Stop} {
		if st, err := c.Pause(ctx, []string{"all"}); err != nil || count(states(st), "paused") != 3 {
			t.Fatalf("%v %v", states(st), err)
		}
		began := time.Now()
		if _, err := c.Status(ctx); err != nil || time.Since(began) > patience/4 {
			t.Fatalf("status of paused servers after %v: %v", time.Since(began), err)
		}
		if st, err := end(ctx, []string{"all"}); err != nil || count(states(st), "killed")+count(states(st), "stopped") != 3 {
			t.Fatalf("%v %v", states(st), err)
		}
		if st, err := c.Start(ctx, []string{"all"}); err != nil || count(states(st), "leader") != 1 {
			t.Fatalf("%v %v", states(st), err)
		}
	}
	st, err := c.Pause(ctx, []string{"all"})
	if err != nil {
		t.Fatal(err)
	}
	kill(t, st.Nodes[0].PID)
	eventually(t, "the end of a paused server", func() bool {
		st, err := c.Status(ctx)
		return err == nil && st.Nodes[0].State == "dead"
	})
	if st, err = c.Start(ctx, []string{"1"}); err != nil || st.Nodes[0].State != "waiting" || st.Nodes[1].State != "paused" {
		t.Fatalf("start beside paused servers: %v %v", states(st), err)
	}
	if err := c.Down(ctx, false); err != nil {
		t.Fatal(err)
	}
	if _, err := localcluster.Open("still"); !errors.Is(err, localcluster.ErrNoCluster) {
		t.Error(err)
	}
}

// TestLateWrite leaves a write in the socket of a paused server and takes the session up
// elsewhere: when the server may go on, that write must not have an effect any more.
func TestLateWrite(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			ctx := fresh(t)
			c, st := up(t, ctx, localcluster.Spec{Name: "late", Size: 3, Engine: engine})
			leader := leaderOf(t, st)
			slow, other := (leader+1)%3, (leader+2)%3
			first := wiretest.Connect(t, st.Servers[slow], 20_000)
			first.Must(wire.OpCreate, wiretest.Create("/a", "first", 0))
			for round := range 5 {
				if _, err := c.Pause(ctx, []string{strconv.Itoa(slow + 1)}); err != nil {
					t.Fatal(err)
				}
				first.Send(wire.OpSetData, &wire.SetDataRequest{Path: "/a", Data: []byte("late"), Version: -1})
				_ = first.Conn.Close() // what was sent stays in the socket
				again, err := wiretest.Dial(t, st.Servers[other])
				if err != nil {
					t.Fatal(err)
				}
				if err := again.Hello(wire.ConnectRequest{SessionID: first.Resp.SessionID, Password: first.Resp.Password}); err != nil || again.Resp.SessionID == 0 {
					t.Fatalf("the session is not taken up: %v %+v", err, again.Resp)
				}
				want := "after " + strconv.Itoa(round)
				again.Must(wire.OpSetData, &wire.SetDataRequest{Path: "/a", Data: []byte(want), Version: -1})
				if _, err := c.Resume(ctx, []string{"all"}); err != nil {
					t.Fatal(err)
				}
				// The write behind these, through the server that was slow, comes after what it
				// had in its sockets.
				first, err = wiretest.Dial(t, st.Servers[slow])
				if err != nil {
					t.Fatal(err)
				}
				if err := first.Hello(wire.ConnectRequest{SessionID: again.Resp.SessionID, Password: again.Resp.Password}); err != nil || first.Resp.SessionID == 0 {
					t.Fatalf("the session is not taken up: %v %+v", err, first.Resp)
				}
				first.Must(wire.OpSync, &wire.PathRequest{Path: "/a"})
				if value, stat := wiretest.Data(t, first.Call(wire.OpGetData, wiretest.Read("/a"))); value != want || stat.Version != int32(round+1) {
					t.Errorf("%q, version %d, want %q: a write of a session that had moved was applied", value, stat.Version, want)
				}
			}
		})
	}
}
