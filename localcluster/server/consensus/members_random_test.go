package consensus_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
)

// chaos does random things to a group of six, of which a random few are members.
type chaos struct {
	*group
	rnd    *rand.Rand
	target []int
	acked  []string
	n      int
	cut    int // one that is isolated, or -1
	log    []string
}

// TestRandomMembers changes the members again and again while servers are killed,
// restarted and cut off. Whatever was seen applied by a server is there in the end on
// all members, and no term ever had two leaders.
func TestRandomMembers(t *testing.T) {
	seeds := []uint64{1, 2, 3}
	if s := os.Getenv("ZOOCTL_TEST_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := &chaos{group: newGroup(t, 3, func(c *consensus.Config) { c.KeepBytes, c.SnapshotCount = 1<<10, 40 }), rnd: rand.New(rand.NewPCG(seed, 0)), target: []int{1, 2, 3}, cut: -1}
			for range 3 {
				c.join()
			}
			for range 60 {
				c.step()
			}
			c.settle()
			if t.Failed() {
				t.Logf("ZOOCTL_TEST_SEED=%d: %v", seed, c.log)
			}
		})
	}
}

func (c *chaos) say(format string, args ...any) { c.log = append(c.log, fmt.Sprintf(format, args...)) }

// step does one random thing, and then tries a few writes.
func (c *chaos) step() {
	i := c.rnd.IntN(len(c.nodes))
	switch k := c.rnd.IntN(10); {
	case k < 3: // other members
		c.target = c.rnd.Perm(6)[:2+c.rnd.IntN(4)]
		for j := range c.target {
			if c.target[j]++; j > 1 && c.rnd.IntN(4) == 0 {
				c.target[j] = -c.target[j]
			}
		}
		slices.SortFunc(c.target, func(a, b int) int { return max(a, -a) - max(b, -b) })
		c.say("members %v", c.target)
		c.aim(c.all(c.target...))
	case k < 6 && c.nodes[i] != nil && c.down() < 2:
		c.say("kill %d", i+1)
		c.stop(i)
	case k < 6 && c.nodes[i] == nil:
		c.say("start %d", i+1)
		c.start1(i)
	case k < 7 && c.nodes[i] != nil && c.cut < 0:
		c.say("isolate %d", i+1)
		c.cut = i
		c.isolate(i)
	case k < 9:
		c.say("heal")
		c.cut = -1
		for _, n := range c.nodes {
			if n != nil {
				n.SetLinks(nil)
			}
		}
	case c.nodes[i] != nil:
		c.say("lead %d", i+1)
		_ = c.nodes[i].TransferLeader(c.t.Context(), uint64(i+1)) // it may not be able to
	}
	for range 3 {
		c.try(c.rnd.IntN(len(c.nodes)))
	}
}

// down counts those that do not run.
func (c *chaos) down() int {
	n := 0
	for _, node := range c.nodes {
		if node == nil {
			n++
		}
	}
	return n
}

// start1 starts a server again, with the target of the others.
func (c *chaos) start1(i int) {
	c.restart(i)
	c.aim(c.all(c.target...))
}

// try writes by one server, for a short time, and notes what was applied.
func (c *chaos) try(i int) {
	n := c.nodes[i]
	if n == nil {
		return
	}
	c.n++
	item := fmt.Sprint("item ", c.n)
	if n.Propose([]byte(item)) != nil {
		return
	}
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if slices.Contains(c.lists[i].have(), item) {
			c.acked = append(c.acked, item)
			return
		}
	}
}

// settle mends everything, waits until the members are as wanted, and looks at what
// they have.
func (c *chaos) settle() {
	for i, n := range c.nodes {
		if n == nil {
			c.start1(i)
		} else {
			n.SetLinks(nil)
		}
	}
	want := c.all(c.target...)
	c.wait(fmt.Sprintf("members %v; so far: %v", c.target, c.log), func() bool {
		for _, p := range want {
			if n := c.nodes[p.ID-1]; !slices.Equal(n.Members(), want) || n.Status().Leader == 0 {
				return false
			}
		}
		return true
	})
	last := int(want[0].ID) - 1
	c.put(last, "the end")
	for _, p := range want {
		l := c.lists[p.ID-1]
		c.wait("the end everywhere", func() bool { return slices.Contains(l.have(), "the end") })
		have := make(map[string]bool)
		for _, s := range l.have() {
			have[s] = true
		}
		for _, s := range c.acked {
			if !have[s] {
				c.t.Errorf("server %d lacks %q, which was applied", p.ID, s)
			}
		}
	}
	c.t.Logf("%d of %d writes were applied in time", len(c.acked), c.n)
	c.oneLeader()
}

// oneLeader looks through what all machines were told.
func (c *chaos) oneLeader() {
	leaders := make(map[uint64]uint64)
	for _, st := range c.history.all() {
		if st.Role != "leader" {
			continue
		}
		if other, ok := leaders[st.Term]; ok && other != st.ID {
			c.t.Errorf("term %d had the leaders %d and %d", st.Term, other, st.ID)
		}
		leaders[st.Term] = st.ID
	}
}
