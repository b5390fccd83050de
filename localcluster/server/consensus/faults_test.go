package consensus_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
)

// isolate cuts node i off, by its own table alone.
func (g *group) isolate(i int) {
	var cut []consensus.Link
	for k := range g.nodes {
		if k != i {
			cut = append(cut, consensus.Link{Peer: uint64(k + 1), Mute: true, Deaf: true})
		}
	}
	g.nodes[i].SetLinks(cut)
}

// leaderOf waits until those nodes agree on a leader among them and returns its place.
func (g *group) leaderOf(nodes ...int) int {
	g.t.Helper()
	lead := -1
	g.wait(fmt.Sprintf("a leader of %v", nodes), func() bool {
		lead = int(g.nodes[nodes[0]].Status().Leader) - 1
		for _, i := range nodes {
			if int(g.nodes[i].Status().Leader)-1 != lead {
				return false
			}
		}
		return slices.Contains(nodes, lead)
	})
	return lead
}

// TestPartitionedLeader: it loses office by itself, the others elect one of them, what
// it took meanwhile is lost and what was applied before is not.
func TestPartitionedLeader(t *testing.T) {
	g := newGroup(t, 3, nil)
	n := 0
	for range 3 {
		lead := g.leader()
		a, b := (lead+1)%3, (lead+2)%3
		for range 10 {
			g.put(lead, fmt.Sprint("item ", n))
			n++
		}
		g.isolate(lead)
		lost := fmt.Sprint("lost ", n)
		if err := g.nodes[lead].Propose([]byte(lost)); err != nil {
			t.Fatal(err) // it cannot know yet
		}
		g.wait("the leader to give up", func() bool { return g.nodes[lead].Status().Leader == 0 })
		next := g.leaderOf(a, b)
		g.put(next, fmt.Sprint("item ", n))
		n++
		if st := g.nodes[lead].Status(); st.Leader != 0 || st.Role == "leader" {
			t.Errorf("the isolated node is a %s and follows %d", st.Role, st.Leader)
		}
		g.nodes[lead].SetLinks(nil)
		g.leader()
		g.same(n)
		if slices.Contains(g.lists[a].have(), lost) {
			t.Error("a proposal of the isolated leader came through")
		}
	}
}

// TestPartitionedFollower: it knows of no leader any more, disturbs nobody, and is
// brought up to date when it is back.
func TestPartitionedFollower(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	alone, other := (lead+1)%3, (lead+2)%3
	g.put(alone, "before")
	term := g.nodes[lead].Status().Term
	g.isolate(alone)
	g.wait("the follower to miss its leader", func() bool { return g.nodes[alone].Status().Leader == 0 })
	g.wait("the leader to miss the follower", func() bool { return g.nodes[lead].Status().Followers == 1 })
	for k := range 50 {
		g.put(other, fmt.Sprint(k))
	}
	g.nodes[alone].SetLinks(nil)
	g.same(51)
	if st := g.nodes[lead].Status(); st.Term != term || st.Role != "leader" {
		t.Errorf("the leader of term %d is a %s in term %d", term, st.Role, st.Term)
	}
	g.put(alone, "after")
	g.same(52)
}

// TestOneWayPartition: a leader that is not heard, or that does not hear, is none.
func TestOneWayPartition(t *testing.T) {
	for name, fault := range map[string]consensus.Link{"mute": {Mute: true}, "deaf": {Deaf: true}} {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t, 3, nil)
			lead := g.leader()
			a, b := (lead+1)%3, (lead+2)%3
			g.put(lead, "before")
			var cut []consensus.Link
			for _, i := range []int{a, b} {
				f := fault
				f.Peer = uint64(i + 1)
				cut = append(cut, f)
			}
			g.nodes[lead].SetLinks(cut)
			g.put(g.leaderOf(a, b), "meanwhile")
			g.nodes[lead].SetLinks(nil)
			g.same(2)
		})
	}
}

// TestLostProposalIsTold: a proposal that vanished on a link which soon worked again
// is not waited for for ever, though neither leader nor term changed.
func TestLostProposalIsTold(t *testing.T) {
	// Ticks this long leave the leader in office throughout.
	for name, where := range map[string]int{"at the sender": 0, "at the receiver": 1} {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t, 3, func(c *consensus.Config) { c.Tick = 500 * time.Millisecond })
			lead := g.leader()
			from := (lead + 1) % 3
			g.put(from, "before")
			if where == 0 {
				g.nodes[from].SetLinks([]consensus.Link{{Peer: uint64(lead + 1), Mute: true}})
			} else {
				g.nodes[lead].SetLinks([]consensus.Link{{Peer: uint64(from + 1), Deaf: true}})
			}
			changes := g.lists[from].changed()
			if err := g.nodes[from].Propose([]byte("lost")); err != nil {
				t.Fatal(err)
			}
			heal := g.nodes[from]
			if where == 1 {
				heal = g.nodes[lead]
				g.swallowed(lead, from)
			}
			heal.SetLinks(nil)
			g.wait("word of it", func() bool { return g.lists[from].changed() > changes })
			g.leader()
			g.put(from, "after")
			g.same(2)
		})
	}
}

// swallowed waits until node at has read, and not taken, a frame of node from: what
// follows it on the same connection has then been read too.
func (g *group) swallowed(at, from int) {
	g.t.Helper()
	g.wait("a frame to be lost", func() bool { return g.nodes[at].Lost(uint64(from + 1)) })
}

// TestDialBlocked: a node that starts behind a partition gets no connection, and has one
// soon after.
func TestDialBlocked(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	back := (lead + 1) % 3
	g.put(back, "before")
	g.stop(back)
	g.nodes[lead].SetLinks([]consensus.Link{{Peer: uint64(back + 1), Mute: true, Deaf: true}})
	g.nodes[(lead+2)%3].SetLinks([]consensus.Link{{Peer: uint64(back + 1), Mute: true, Deaf: true}})
	g.put(lead, "meanwhile")
	g.restart(back)
	g.wait("a connection that is held", func() bool { return g.nodes[lead].Lost(uint64(back + 1)) })
	if st := g.nodes[back].Status(); st.Leader != 0 || len(g.lists[back].have()) > 1 {
		t.Errorf("it follows %d and has %q", st.Leader, g.lists[back].have())
	}
	g.nodes[lead].SetLinks(nil)
	g.nodes[(lead+2)%3].SetLinks(nil)
	g.leader()
	g.same(2)
}

// TestDelay: frames come later, in order, and not one after the other.
func TestDelay(t *testing.T) {
	const late = 30 * time.Millisecond
	g := newGroup(t, 3, func(c *consensus.Config) { c.Tick = 100 * time.Millisecond })
	lead := g.leader()
	from := (lead + 1) % 3
	g.put(from, "0")
	g.nodes[from].SetLinks([]consensus.Link{{Peer: uint64(lead + 1), Delay: late}})
	start := time.Now()
	g.put(from, "1")
	if d := time.Since(start); d < late {
		t.Errorf("a proposal over a link with a delay of %v came through after %v", late, d)
	}
	const many = 100
	start = time.Now()
	for k := range many {
		if err := g.nodes[from].Propose(fmt.Append(nil, k+2)); err != nil {
			t.Fatal(err)
		}
	}
	g.same(many + 2)
	if d := time.Since(start); d > many*late {
		t.Errorf("%d proposals took %v: they waited for each other", many, d)
	}
	for k, s := range g.lists[from].have() {
		if s != fmt.Sprint(k) {
			t.Fatalf("item %d is %s", k, s)
		}
	}
}
