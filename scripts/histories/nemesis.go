package histories

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/zooctl/zooctl/localcluster"
)

// nemesis does harm to an ensemble, and undoes it.
type nemesis struct {
	cluster *localcluster.Cluster
	size    int
	rng     *rand.Rand
	log     *ledger
	harm    []harm
	done    []string // what it did, with the time
	faults  []span   // from a harm to the end of its undoing
	kills   int      // how often it has killed
	killed  int      // and how many servers in all
}

// harm is one thing that a nemesis does.
type harm struct {
	name string
	do   func(ctx context.Context, n *nemesis) (string, error)
}

// on is a harm done to servers that selectors name.
func on(name string, act func(c *localcluster.Cluster, ctx context.Context, nodes []string) (localcluster.Status, error), selectors ...string) harm {
	return harm{name, func(ctx context.Context, n *nemesis) (string, error) {
		sel := selectors[n.rng.IntN(len(selectors))]
		if sel == "any" {
			sel = n.any()
		}
		before, err := n.running(ctx, name == "kill")
		if err != nil {
			return sel, err
		}
		st, err := act(n.cluster, ctx, []string{sel})
		if err == nil && name == "kill" {
			n.kills++
			n.killed += before - up(st)
		}
		return sel, err
	}}
}

// running counts the servers that run, if that is wanted.
func (n *nemesis) running(ctx context.Context, wanted bool) (int, error) {
	if !wanted {
		return 0, nil
	}
	st, err := n.cluster.Status(ctx)
	return up(st), err
}

func up(st localcluster.Status) (count int) {
	for _, node := range st.Nodes {
		if node.PID != 0 {
			count++
		}
	}
	return count
}

// any names some server.
func (n *nemesis) any() string { return strconv.Itoa(1 + n.rng.IntN(n.size)) }

// killing is every way to kill: one server, a leader, two, most, all.
func killing() []harm {
	kill := (*localcluster.Cluster).Kill
	return []harm{on("kill", kill, "any"), on("kill", kill, "leader"), on("kill", kill, "minority"), on("kill", kill, "majority"), on("kill", kill, "all")}
}

// everything is all that a nemesis knows.
func everything() []harm {
	restart := func(c *localcluster.Cluster, ctx context.Context, nodes []string) (localcluster.Status, error) {
		if st, err := c.Stop(ctx, nodes); err != nil {
			return st, err
		}
		return c.Start(ctx, []string{"all"})
	}
	isolate := func(oneWay bool) func(*localcluster.Cluster, context.Context, []string) (localcluster.Status, error) {
		return func(c *localcluster.Cluster, ctx context.Context, nodes []string) (localcluster.Status, error) {
			return c.Isolate(ctx, nodes, localcluster.CutOptions{OneWay: oneWay})
		}
	}
	return append(killing(),
		on("restart", restart, "any", "leader", "minority"),
		on("pause", (*localcluster.Cluster).Pause, "any", "leader", "followers", "majority"),
		on("pause", (*localcluster.Cluster).Pause, "any"), // again: it leaves the most under way
		on("isolate", isolate(false), "any", "leader", "followers"),
		on("isolate one-way", isolate(true), "any", "leader"),
		harm{"partition", partition},
	)
}

// partition divides the servers in two, sometimes in one direction.
func partition(ctx context.Context, n *nemesis) (string, error) {
	var groups [][]string
	order := n.rng.Perm(n.size)
	at := 1 + n.rng.IntN(n.size-1)
	for _, part := range [][]int{order[:at], order[at:]} {
		var group []string
		for _, i := range part {
			group = append(group, strconv.Itoa(i+1))
		}
		groups = append(groups, group)
	}
	opts := localcluster.CutOptions{OneWay: n.rng.IntN(3) == 0}
	_, err := n.cluster.Partition(ctx, groups, opts)
	return fmt.Sprint(groups, opts), err
}

// run does harm until enough says so or ctx ends, and then undoes all of it. A server
// that does not come back is an error.
func (n *nemesis) run(ctx, deadline context.Context, enough func() bool) error {
	for deadline.Err() == nil && !enough() {
		from := n.log.now()
		for range 1 + n.rng.IntN(2) {
			h := n.harm[n.rng.IntN(len(n.harm))]
			what, err := h.do(ctx, n)
			n.done = append(n.done, fmt.Sprintf("%v %s %s: %v", n.log.now(), h.name, what, err))
			if err != nil && !errors.Is(err, localcluster.ErrNoNode) { // there may be no leader now
				return fmt.Errorf("%s %s: %w", h.name, what, err)
			}
			pause(deadline, n.dwell())
		}
		if err := n.mend(ctx); err != nil {
			return err
		}
		n.faults = append(n.faults, span{from, n.log.now()})
		pause(deadline, n.dwell())
	}
	return nil
}

// dwell is how long a state of things lasts: most are short, some longer than a client
// waits, a few longer than a session.
func (n *nemesis) dwell() time.Duration {
	switch n.rng.IntN(40) {
	case 0:
		return askedTimeout + time.Second
	case 1, 2, 3, 4, 5, 6, 7, 8:
		return time.Duration(300+n.rng.IntN(1200)) * time.Millisecond
	}
	return time.Duration(n.rng.IntN(300)) * time.Millisecond
}

// mend starts what is down and ends every fault, in either order.
func (n *nemesis) mend(ctx context.Context) error {
	start := func() error {
		_, err := n.cluster.Start(ctx, []string{"all"})
		return err
	}
	heal := func() error {
		_, err := n.cluster.Heal(ctx)
		return err
	}
	steps := []func() error{start, heal}
	if n.rng.IntN(2) == 0 {
		steps = []func() error{heal, start}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("a server did not come back: %w", err)
		}
	}
	n.done = append(n.done, fmt.Sprint(n.log.now(), " all is well"))
	return nil
}
