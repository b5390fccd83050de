package localcluster

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Selectors name servers: by number, by what they are at the moment, or by how many.
// leader and followers go by what the servers say; one, minority, majority and all
// take the lowest numbers among those that an operation can act on: servers that run
// for stop, kill and pause, servers that are down for start, paused ones for resume, any
// for isolate and partition.
const Selectors = "1 2 … leader followers one minority majority all"

// choose finds the servers that the selectors mean, each once, by number. fits tells
// which of them the operation can act on.
func (s *supervisor) choose(ctx context.Context, selectors []string, fits func(*node) bool) ([]*node, error) {
	if len(selectors) == 0 {
		return nil, fmt.Errorf("%w: no server is named: want %s", ErrBadSpec, Selectors)
	}
	var chosen []*node
	for _, sel := range selectors {
		found, err := s.find(ctx, sel, fits)
		if err != nil {
			return nil, err
		}
		for _, n := range found {
			if !slices.Contains(chosen, n) {
				chosen = append(chosen, n)
			}
		}
	}
	slices.SortFunc(chosen, func(a, b *node) int { return a.id - b.id })
	return chosen, nil
}

func (s *supervisor) find(ctx context.Context, sel string, fits func(*node) bool) ([]*node, error) {
	size := len(s.nodes)
	if id, err := strconv.Atoi(sel); err == nil {
		if id < 1 || id > size {
			return nil, fmt.Errorf("%w: %d: the cluster has servers 1 to %d", ErrNoNode, id, size)
		}
		return s.nodes[id-1 : id], nil
	}
	var found []*node
	for _, n := range s.nodes {
		if fits(n) {
			found = append(found, n)
		}
	}
	count := map[string]int{"one": 1, "minority": (size - 1) / 2, "majority": size/2 + 1, "all": size}
	if limit, ok := count[sel]; ok {
		return found[:min(limit, len(found))], nil
	}
	modes := map[string][]string{"leader": {"leader", "standalone"}, "followers": {"follower"}}[sel]
	if modes == nil {
		return nil, fmt.Errorf("%w: %q names no server: want %s", ErrBadSpec, sel, Selectors)
	}
	found = nil
	for i, st := range s.status(ctx).Nodes {
		if slices.Contains(modes, st.State) {
			found = append(found, s.nodes[i])
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: none is %s now", ErrNoNode, strings.TrimSuffix(sel, "s"))
	}
	return found, nil
}
