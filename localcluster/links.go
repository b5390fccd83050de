package localcluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zooctl/zooctl/localcluster/server"
)

// CutOptions say how links are cut.
type CutOptions struct {
	OneWay bool // only what the servers named first send is lost
}

// Isolate cuts servers off from all others, each other included: nothing arrives on
// either side, and no connection breaks. Clients still reach such a server, which stops
// serving once it has missed its leader or its quorum. It returns when the cut holds.
// One-way, the others hear nothing of an isolated server, which hears them.
//
// Cuts add up, and hold for servers that are started again, until Heal.
func (c *Cluster) Isolate(ctx context.Context, nodes []string, opts CutOptions) (Status, error) {
	return c.act(ctx, request{Op: "isolate", Nodes: nodes, OneWay: opts.OneWay})
}

// Partition cuts the links between groups of servers, of which each is given by
// selectors; those that no group names are one more. It returns when the cut holds.
// One-way, what a group sends to those after it is lost, and nothing else.
func (c *Cluster) Partition(ctx context.Context, groups [][]string, opts CutOptions) (Status, error) {
	return c.act(ctx, request{Op: "partition", Groups: groups, OneWay: opts.OneWay})
}

// Heal ends every fault: links work again and paused servers go on. Servers that are
// down stay so. It returns when those that run serve, or answer if they are too few.
func (c *Cluster) Heal(ctx context.Context) (Status, error) {
	return c.act(ctx, request{Op: "heal"})
}

// way is a direction between two servers, by number.
type way struct{ from, to int }

func (s *supervisor) isolate(ctx context.Context, selectors []string, oneWay bool) error {
	nodes, err := s.choose(ctx, selectors, anyNode)
	if err != nil {
		return err
	}
	var ways []way
	for _, n := range nodes {
		for _, other := range s.nodes {
			if other != n {
				ways = append(ways, way{n.id, other.id})
				if !oneWay {
					ways = append(ways, way{other.id, n.id})
				}
			}
		}
	}
	return s.cut(ctx, ways)
}

// anyNode fits every server.
func anyNode(*node) bool { return true }

func (s *supervisor) partition(ctx context.Context, selectors [][]string, oneWay bool) error {
	groups, err := s.groups(ctx, selectors)
	if err != nil {
		return err
	}
	var ways []way
	for i, group := range groups {
		for _, later := range groups[i+1:] {
			for _, a := range group {
				for _, b := range later {
					ways = append(ways, way{a.id, b.id})
					if !oneWay {
						ways = append(ways, way{b.id, a.id})
					}
				}
			}
		}
	}
	return s.cut(ctx, ways)
}

// groups finds the servers of each group. Those that none names are the last.
func (s *supervisor) groups(ctx context.Context, selectors [][]string) ([][]*node, error) {
	var groups [][]*node
	rest := slices.Clone(s.nodes)
	for _, sel := range selectors {
		group, err := s.choose(ctx, sel, anyNode)
		if err != nil {
			return nil, err
		}
		for _, n := range group {
			i := slices.Index(rest, n)
			if i < 0 {
				return nil, fmt.Errorf("%w: server %d is in two groups", ErrBadSpec, n.id)
			}
			rest = slices.Delete(rest, i, i+1)
		}
		groups = append(groups, group)
	}
	if len(rest) > 0 {
		groups = append(groups, rest)
	}
	if len(groups) < 2 {
		return nil, fmt.Errorf("%w: all servers are in one group, and nothing is between groups", ErrBadSpec)
	}
	return groups, nil
}

// cut takes ways away and returns when the servers that are active obey.
func (s *supervisor) cut(ctx context.Context, ways []way) error {
	if err := s.engine.links(); err != nil {
		return err
	}
	if len(s.nodes) == 1 {
		return fmt.Errorf("%w: a single server has no links", ErrBadSpec)
	}
	return s.relink(ctx, func(cuts map[way]bool) {
		for _, w := range ways {
			cuts[w] = true
		}
	})
}

// relink changes which ways are cut, and returns when the servers that are active obey.
// Others are told when they go on, or start.
func (s *supervisor) relink(ctx context.Context, change func(map[way]bool)) error {
	s.mu.Lock()
	old := s.cuts
	s.cuts = maps.Clone(old)
	if s.cuts == nil {
		s.cuts = map[way]bool{}
	}
	change(s.cuts)
	now := s.cuts
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.each(s.nodes, func(n *node) error {
		had, have := cutsOf(old, n.id), cutsOf(now, n.id)
		if had.String() == have.String() {
			return nil
		}
		what := "cut"
		if have.none() {
			what = "heal"
		}
		s.event(what, n, have.String())
		if !s.active(n) {
			return nil
		}
		return s.obeys(ctx, n)
	})
}

// obeys gives a server its table of links and returns when it goes by it.
func (s *supervisor) obeys(ctx context.Context, n *node) error {
	wait, err := s.instruct(n)
	if err != nil {
		return err
	}
	return wait(ctx)
}

// instruct sends a server its table of links. It need not run to be told; the function
// that it returns waits until the server obeys.
func (s *supervisor) instruct(n *node) (wait func(context.Context) error, err error) {
	s.mu.Lock()
	p, table := n.proc, cutsOf(s.cuts, n.id).table()
	s.mu.Unlock()
	if p.control == nil {
		return func(context.Context) error { return nil }, nil
	}
	seq, err := p.control.send(table)
	if err != nil && !p.gone() {
		return nil, fmt.Errorf("server %d takes no orders: %w", n.id, err)
	}
	return func(ctx context.Context) error {
		err := until(ctx, func() (bool, error) { return p.gone() || p.control.obeyed(seq), nil })
		if err != nil {
			return fmt.Errorf("server %d does not obey: %w", n.id, err)
		}
		return nil
	}, nil
}

func (s *supervisor) heal(ctx context.Context) error {
	if err := s.relink(ctx, func(cuts map[way]bool) { clear(cuts) }); err != nil {
		return err
	}
	if err := s.proceed(ctx, s.nodes); err != nil {
		return err
	}
	var up []*node
	for _, n := range s.nodes {
		if s.running(n) {
			up = append(up, n)
		}
	}
	return s.recovered(ctx, up)
}

// able returns the servers that must be able to serve: active ones that are a quorum,
// reach each other both ways, and are reached by nobody else, who might lead some of
// them only. Where there are no such, whether any serves depends on who leads.
func (s *supervisor) able() []*node {
	s.mu.Lock()
	cuts := s.cuts
	s.mu.Unlock()
	circle := func(n *node) (all []*node) {
		for _, m := range s.nodes {
			if s.active(m) && !cuts[way{n.id, m.id}] && !cuts[way{m.id, n.id}] {
				all = append(all, m)
			}
		}
		return all
	}
	for _, n := range s.nodes {
		all := circle(n)
		same := func(m *node) bool { return slices.Equal(circle(m), all) }
		if s.active(n) && len(all) > len(s.nodes)/2 && !slices.ContainsFunc(all, func(m *node) bool { return !same(m) }) {
			return all
		}
	}
	return nil
}

// cutLinks are the ways of one server that are cut.
type cutLinks struct{ to, from []int }

func cutsOf(cuts map[way]bool, id int) (c cutLinks) {
	for w := range cuts {
		switch id {
		case w.from:
			c.to = append(c.to, w.to)
		case w.to:
			c.from = append(c.from, w.from)
		}
	}
	slices.Sort(c.to)
	slices.Sort(c.from)
	return c
}

func (c cutLinks) none() bool { return len(c.to)+len(c.from) == 0 }

// String says what is cut, or nothing.
func (c cutLinks) String() string {
	list := func(ids []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ","), "[]") }
	switch {
	case c.none():
		return ""
	case slices.Equal(c.to, c.from):
		return "cut to and from " + list(c.to)
	case len(c.to) == 0:
		return "cut from " + list(c.from)
	case len(c.from) == 0:
		return "cut to " + list(c.to)
	}
	return "cut to " + list(c.to) + ", from " + list(c.from)
}

// table is what the server is told. Both ends of a way obey, so that it is cut even
// while one of them knows nothing of it yet.
func (c cutLinks) table() []server.Link {
	table := []server.Link{}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(c.to, c.from)))) {
		table = append(table, server.Link{Peer: uint64(id), Mute: slices.Contains(c.to, id), Deaf: slices.Contains(c.from, id)})
	}
	return table
}
