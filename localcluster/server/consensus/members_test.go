package consensus_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
)

// join starts one more node, which waits to be added.
func (g *group) join() int {
	g.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		g.t.Fatal(err)
	}
	i := len(g.nodes)
	g.nodes, g.lists = append(g.nodes, nil), append(g.lists, nil)
	g.dirs = append(g.dirs, filepath.Join(g.t.TempDir(), "data"))
	g.addrs = append(g.addrs, l.Addr().String())
	g.joins = append(g.joins, true)
	if err := g.start(i, l, "secret"); err != nil {
		g.t.Fatal(err)
	}
	return i
}

// all returns the members with those ids, the negative ones as observers.
func (g *group) all(ids ...int) []consensus.Peer {
	var ps []consensus.Peer
	for _, id := range ids {
		p := consensus.Peer{ID: uint64(max(id, -id)), Observer: id < 0}
		p.Addr = g.addrs[p.ID-1]
		ps = append(ps, p)
	}
	return ps
}

// change makes those the members, and waits until all of them know it.
func (g *group) change(ids ...int) {
	g.t.Helper()
	want := g.all(ids...)
	g.aim(want)
	g.wait(fmt.Sprintf("members %v", ids), func() bool {
		for _, p := range want {
			if n := g.nodes[p.ID-1]; n != nil && !slices.Equal(n.Members(), want) {
				return false
			}
		}
		return true
	})
	g.aim(nil)
}

// aim sets the target of every machine. In a real one it comes by the log.
func (g *group) aim(want []consensus.Peer) {
	for _, l := range g.lists {
		l.mu.Lock()
		l.target = want
		l.mu.Unlock()
	}
}

// leads waits until those nodes follow one of them, and returns its place.
func (g *group) leads(ids ...int) int {
	g.t.Helper()
	var places []int
	for _, id := range ids {
		places = append(places, id-1)
	}
	return g.leaderOf(places...)
}

// TestJoin: a server that waited takes over what there is, by a snapshot, and votes
// from then on.
func TestJoin(t *testing.T) {
	g := newGroup(t, 3, func(c *consensus.Config) { c.KeepBytes = 1 << 10 })
	lead := g.leader()
	for k := range 300 {
		g.put(lead, fmt.Sprint(k))
	}
	four := g.join()
	if st := g.nodes[four].Status(); st.Leader != 0 || st.Role != "none" {
		t.Errorf("a server that waits: %+v", st)
	}
	g.change(1, 2, 3, 4)
	g.leads(1, 2, 3, 4)
	g.same(300)
	if g.lists[four].restored == 0 {
		t.Error("no snapshot was sent")
	}
	g.put(four, "from the new one")
	five := g.join()
	g.change(1, 2, 3, 4, 5)
	g.leads(1, 2, 3, 4, 5)
	if v := g.nodes[lead].Status().Voters; v != 5 {
		t.Errorf("%d voters", v)
	}
	g.same(301)
	// Three of five are a quorum, two of the first three were one before.
	g.stop(0)
	g.stop(1)
	g.put(g.leads(3, 4, 5), "without two")
	g.restart(0)
	g.restart(1)
	g.same(302)
	for i := range g.nodes {
		g.stop(i)
	}
	for i := range g.nodes { // all know the members by their data alone
		g.peers = g.peers[:min(3, len(g.peers))]
		g.restart(i)
	}
	g.leads(1, 2, 3, 4, 5)
	g.put(five, "again")
	g.same(303)
}

// TestRemoveLeader: it hands over first, and knows no leader afterwards. What it has is
// good for joining again.
func TestRemoveLeader(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	g.put(lead, "before")
	rest := slices.DeleteFunc([]int{1, 2, 3}, func(id int) bool { return id == lead+1 })
	g.change(rest...)
	next := g.leads(rest...)
	g.wait("the removed server to know", func() bool {
		st := g.nodes[lead].Status()
		return st.Leader == 0 && st.Role == "none"
	})
	term := g.nodes[next].Status().Term
	g.put(next, "without it")
	g.restartOf(lead)
	g.put(next, "while it is back, and no member")
	if st := g.nodes[next].Status(); st.Term != term {
		t.Errorf("the removed server raised the term from %d to %d", term, st.Term)
	}
	g.wait("the removed server to know", func() bool { return g.nodes[lead].Status().Role == "none" })
	g.change(1, 2, 3)
	g.leads(1, 2, 3)
	g.put(lead, "with it again")
	g.same(4)
}

func (g *group) restartOf(i int) {
	g.t.Helper()
	g.stop(i)
	g.restart(i)
}

// TestReplaceAll: every member is another in one step.
func TestReplaceAll(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.put(g.leader(), "before")
	g.join()
	g.join()
	g.join()
	g.change(4, 5, 6)
	lead := g.leads(4, 5, 6)
	g.put(lead, "after")
	for i := range 3 {
		g.wait(fmt.Sprintf("server %d to know", i+1), func() bool { return g.nodes[i].Status().Role == "none" })
		g.stop(i)
	}
	g.put(lead, "alone")
	g.same(3)
}

// TestObserver: it has everything, proposes, and is no part of a quorum; it may be
// given a vote, and lose it.
func TestObserver(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.leader()
	four := g.join()
	g.change(1, 2, 3, -4)
	g.leads(1, 2, 3, 4)
	g.put(four, "from the observer")
	if st := g.nodes[four].Status(); st.Role != "observer" || st.Voters != 3 {
		t.Errorf("%+v", st)
	}
	g.stop(0)
	g.leads(2, 3, 4)
	g.put(four, "two of three")
	g.stop(1)
	g.wait("the quorum to be lost", func() bool { return g.nodes[four].Status().Leader == 0 })
	g.restart(0)
	g.restart(1)
	g.leads(1, 2, 3, 4)
	g.change(1, 2, 3, 4)
	g.wait("the observer to have a vote", func() bool { return g.nodes[four].Status().Role == "follower" })
	g.change(-1, 2, 3, 4)
	g.leads(1, 2, 3, 4)
	g.wait("a voter to be an observer", func() bool { return g.nodes[0].Status().Role == "observer" })
	g.put(0, "from the new observer")
	g.same(3)
}

// TestUnreachableTarget: voters that are not there cannot become a quorum. The machine
// is told, and can go back.
func TestUnreachableTarget(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	g.addrs = append(g.addrs, "127.0.0.1:1", "127.0.0.1:1")
	g.aim(g.all(1, 4, 5))
	g.wait("word that they are not there", func() bool {
		for i := range g.lists {
			g.lists[i].mu.Lock()
			told := g.lists[i].unreachable
			g.lists[i].mu.Unlock()
			if told > 0 {
				return true
			}
		}
		return false
	})
	g.put(lead, "meanwhile")
	g.change(1, 2, 3)
	g.put(lead, "after")
	g.same(2)
}

// TestOneAbsentJoiner: a quorum of the new voters is enough.
func TestOneAbsentJoiner(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	g.addrs = append(g.addrs, "127.0.0.1:1")
	want := g.all(1, 2, 3, 4)
	g.aim(want)
	g.wait("the members", func() bool { return slices.Equal(g.nodes[lead].Members(), want) })
	g.put(lead, "three of four")
	g.same(1)
}

// TestLostData: a member that comes back without its data stops and says why; removed
// and added again, it is one more time a member.
func TestLostData(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	gone := (lead + 1) % 3
	g.put(gone, "before")
	g.stop(gone)
	if err := os.RemoveAll(g.dirs[gone]); err != nil {
		t.Fatal(err)
	}
	g.restart(gone)
	g.wait("the server to stop", func() bool { return g.nodes[gone].Err() != nil })
	if err := g.nodes[gone].Err(); !strings.Contains(err.Error(), fmt.Sprintf("server %d has lost its data", gone+1)) {
		t.Errorf("it stopped for: %v", err)
	}
	g.put(lead, "meanwhile")
	g.stop(gone)
	rest := slices.DeleteFunc([]int{1, 2, 3}, func(id int) bool { return id == gone+1 })
	g.change(rest...)
	if err := os.RemoveAll(g.dirs[gone]); err != nil {
		t.Fatal(err)
	}
	g.joins[gone] = true
	g.restart(gone)
	g.change(1, 2, 3)
	g.leads(1, 2, 3)
	g.put(gone, "again")
	g.same(3)
}

// TestMoved: an ensemble whose addresses are all new is found by its configuration.
func TestMoved(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.put(g.leader(), "before")
	for i := range g.nodes {
		g.stop(i)
	}
	var ls []net.Listener
	for i := range g.nodes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ls = append(ls, l)
		g.addrs[i] = l.Addr().String()
		g.peers[i].Addr = g.addrs[i]
	}
	for i, l := range ls {
		if err := g.start(i, l, "secret"); err != nil {
			t.Fatal(err)
		}
	}
	g.put(g.leader(), "after")
	g.same(2)
}
