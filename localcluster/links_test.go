package localcluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// without returns the addresses of all servers but one.
func without(st localcluster.Status, i int) []string {
	return slices.Concat(st.Servers[:i], st.Servers[i+1:])
}

// allSay waits until every server reads value, after it has caught up.
func allSay(t *testing.T, ctx context.Context, st localcluster.Status, path, value string) {
	t.Helper()
	for _, addr := range st.Servers {
		one := dial(t, ctx, addr)
		if err := one.Sync(ctx, path); err != nil {
			t.Fatal(err)
		}
		expect(t, ctx, one, path, value)
	}
}

// refused sends a write through a server that has lost its quorum and fails if it is
// acknowledged: the connection ends, or the write is refused.
func refused(t *testing.T, c *wiretest.Client, path, value string) {
	t.Helper()
	xid := c.Send(wire.OpSetData, &wire.SetDataRequest{Path: path, Data: []byte(value), Version: -1})
	for {
		r, err := c.TryRecv()
		if err != nil || r.Xid == xid {
			if err == nil && r.Err == wire.CodeOK {
				t.Errorf("a write was acknowledged by a server without a quorum")
			}
			return
		}
	}
}

// TestPartitionedLeader cuts the leader off, in each direction: it acknowledges no
// write, the others elect another and go on, and after that all agree.
func TestPartitionedLeader(t *testing.T) {
	for name, cut := range map[string]func(context.Context, *localcluster.Cluster) (localcluster.Status, error){
		"both ways": func(ctx context.Context, c *localcluster.Cluster) (localcluster.Status, error) {
			return c.Isolate(ctx, []string{"leader"}, localcluster.CutOptions{})
		},
		"it is not heard": func(ctx context.Context, c *localcluster.Cluster) (localcluster.Status, error) {
			return c.Isolate(ctx, []string{"leader"}, localcluster.CutOptions{OneWay: true})
		},
		"it hears nothing": func(ctx context.Context, c *localcluster.Cluster) (localcluster.Status, error) {
			return c.Partition(ctx, [][]string{{"followers"}, {"leader"}}, localcluster.CutOptions{OneWay: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := fresh(t)
			c, st := up(t, ctx, localcluster.Spec{Name: "cut", Size: 3})
			old := leaderOf(t, st)
			through := wiretest.Connect(t, st.Servers[old], 20_000)
			through.Must(wire.OpCreate, wiretest.Create("/a", "old", 0))
			st, err := cut(ctx, c)
			if err != nil || st.Nodes[old].Faults() == "" {
				t.Fatalf("%+v %v", st.Nodes, err)
			}
			refused(t, through, "/a", "of the old leader")
			setSurely(t, ctx, dial(t, ctx, without(st, old)...), "/a", "new")
			if st, err = c.Heal(ctx); err != nil || count(states(st), "leader") != 1 || count(states(st), "follower") != 2 || st.Nodes[old].Faults() != "" {
				t.Fatalf("%+v %v", st.Nodes, err)
			}
			allSay(t, ctx, st, "/a", "new")
		})
	}
}

// TestPartition divides five servers: the larger part goes on, the smaller serves
// nobody, and heal, which returns when all are ready, makes them agree.
func TestPartition(t *testing.T) {
	ctx := fresh(t)
	c, st := up(t, ctx, localcluster.Spec{Name: "parts", Size: 5})
	conn := dial(t, ctx, st.Servers...)
	if _, err := conn.Create(ctx, "/a", nil, ops.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	st, err := c.Partition(ctx, [][]string{{"1", "2"}, {"3", "4", "5"}}, localcluster.CutOptions{})
	if err != nil || st.Nodes[0].Faults() != "cut to and from 3,4,5" || st.Nodes[4].Faults() != "cut to and from 1,2" {
		t.Fatalf("%+v %v", st.Nodes, err)
	}
	setSurely(t, ctx, dial(t, ctx, st.Servers[2:]...), "/a", "of the majority")
	eventually(t, "that the minority serves nobody", func() bool {
		st, err := c.Status(ctx)
		return err == nil && strings.Join(states(st)[:2], " ") == "waiting waiting"
	})
	if st, err = c.Heal(ctx); err != nil || count(states(st), "follower") != 4 {
		t.Fatalf("%+v %v", st.Nodes, err)
	}
	allSay(t, ctx, st, "/a", "of the majority")
}

// TestCutFollower cuts what a follower sends: nobody else is disturbed. The fault holds
// for the server that takes its place, also if the cut comes while it is paused or down.
func TestCutFollower(t *testing.T) {
	ctx := fresh(t)
	c, st := up(t, ctx, localcluster.Spec{Name: "mute", Size: 3})
	leader := leaderOf(t, st)
	follower := (leader + 1) % 3
	name := []string{string(rune('1' + follower))}
	for what, before := range map[string]struct {
		act, undo func(context.Context, []string) (localcluster.Status, error)
	}{"running": {c.Start, c.Start}, "killed": {c.Kill, c.Start}, "paused": {c.Pause, c.Resume}} {
		if _, err := before.act(ctx, name); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Isolate(ctx, name, localcluster.CutOptions{OneWay: true}); err != nil {
			t.Fatal(err)
		}
		st, err := before.undo(ctx, name)
		if err != nil || st.Nodes[follower].Faults() == "" || st.Nodes[leader].State != "leader" {
			t.Fatalf("%s: %+v %v", what, st.Nodes, err)
		}
		if _, err := c.Kill(ctx, name); err != nil {
			t.Fatal(err)
		}
		if st, err = c.Start(ctx, name); err != nil || len(st.Nodes[follower].CutTo) != 2 || len(st.Nodes[follower].CutFrom) != 0 {
			t.Fatalf("%s: %+v %v", what, st.Nodes, err)
		}
		if st.Nodes[follower].State != "waiting" {
			t.Errorf("%s: a server whose votes and words are lost is %s", what, st.Nodes[follower].State)
		}
		if st, err = c.Heal(ctx); err != nil || st.Nodes[follower].State != "follower" || st.Nodes[leader].State != "leader" {
			t.Fatalf("%s: %+v %v", what, st.Nodes, err)
		}
	}
}

// TestBadCuts asks for cuts that cannot be.
func TestBadCuts(t *testing.T) {
	ctx := fresh(t)
	c, _ := up(t, ctx, localcluster.Spec{Name: "whole", Size: 3})
	for _, groups := range [][][]string{{{"1", "2", "3"}}, {{"all"}}, {{"1", "2"}, {"2", "3"}}, {{"1"}, {""}}, {{"1"}, {"someone"}}, nil} {
		if _, err := c.Partition(ctx, groups, localcluster.CutOptions{}); !errors.Is(err, localcluster.ErrBadSpec) {
			t.Errorf("%v: %v", groups, err)
		}
	}
	if _, err := c.Isolate(ctx, []string{"4"}, localcluster.CutOptions{}); !errors.Is(err, localcluster.ErrNoNode) {
		t.Error(err)
	}
	single, _ := up(t, ctx, localcluster.Spec{Name: "single", Size: 1})
	if _, err := single.Isolate(ctx, []string{"1"}, localcluster.CutOptions{}); !errors.Is(err, localcluster.ErrBadSpec) {
		t.Error(err)
	}
	if st, err := single.Heal(ctx); err != nil || st.Nodes[0].State != "standalone" {
		t.Errorf("%v %v", states(st), err)
	}
	for _, engine := range engines()[1:] {
		other, _ := up(t, ctx, localcluster.Spec{Name: "java", Size: 3, Engine: engine})
		if _, err := other.Isolate(ctx, []string{"1"}, localcluster.CutOptions{}); !errors.Is(err, localcluster.ErrNotForEngine) {
			t.Error(err)
		}
		if _, err := other.Pause(ctx, []string{"leader"}); err != nil {
			t.Error(err)
		}
		if st, err := other.Heal(ctx); err != nil || count(states(st), "leader") != 1 || count(states(st), "follower") != 2 {
			t.Errorf("%v %v", states(st), err)
		}
	}
}

// TestWordsWithoutLeader asks a server without a leader, which calls for elections all
// the time: every one of its changes of mind must leave the answers alone.
func TestWordsWithoutLeader(t *testing.T) {
	ctx := fresh(t)
	c, st := up(t, ctx, localcluster.Spec{Name: "words", Size: 3})
	if _, err := c.Kill(ctx, []string{"2", "3"}); err != nil {
		t.Fatal(err)
	}
	const each, asking = 300, 4
	errs := make(chan error, asking)
	for range asking {
		go func() { // ends after so many answers, which are waited for
			var err error
			for range each {
				if answer, e := wiretest.Word(st.Servers[0], "ruok"); e != nil || answer != "imok" {
					err = fmt.Errorf("ruok: %q %w", answer, errors.Join(errNoAnswer, e))
				}
			}
			errs <- err
		}()
	}
	for range asking {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

var errNoAnswer = errors.New("no answer")
