package localcluster

import (
	"context"
	"slices"
)

// Pause stops servers where they are (SIGSTOP): their connections stay open and nothing
// is answered, as with a machine that hangs. It returns when they stand still.
func (c *Cluster) Pause(ctx context.Context, nodes []string) (Status, error) {
	return c.act(ctx, request{Op: "pause", Nodes: nodes})
}

// Resume lets paused servers go on. It returns when they serve again, or run if they
// are not among enough others for a quorum.
func (c *Cluster) Resume(ctx context.Context, nodes []string) (Status, error) {
	return c.act(ctx, request{Op: "resume", Nodes: nodes})
}

func (s *supervisor) pause(ctx context.Context, selectors []string) error {
	nodes, err := s.choose(ctx, selectors, s.active)
	if err != nil {
		return err
	}
	return s.each(nodes, func(n *node) error {
		s.mu.Lock()
		p := n.proc
		if n.state != "running" || p.gone() {
			s.mu.Unlock()
			return nil // it does nothing already
		}
		n.state = "paused"
		s.mu.Unlock()
		if err := p.pause(ctx); err != nil && !p.gone() {
			return err
		}
		s.event("pause", n, "")
		return nil
	})
}

func (s *supervisor) resume(ctx context.Context, selectors []string) error {
	nodes, err := s.choose(ctx, selectors, s.paused)
	if err != nil {
		return err
	}
	return s.proceed(ctx, nodes)
}

// proceed lets those of the nodes that are paused go on and returns when they have
// recovered.
func (s *supervisor) proceed(ctx context.Context, nodes []*node) error {
	var woken []*node
	for _, n := range nodes {
		if !s.paused(n) {
			continue
		}
		// It learns what became of its links before it can send anything.
		wait, err := s.instruct(n)
		if err != nil {
			return err
		}
		s.mu.Lock()
		p := n.proc
		n.state = "running"
		s.mu.Unlock()
		if err := proceed(p.cmd.Process); err != nil && !p.gone() {
			return err
		}
		s.event("resume", n, "")
		if err := wait(ctx); err != nil {
			return err
		}
		woken = append(woken, n)
	}
	return s.recovered(ctx, woken)
}

// paused tells whether the server is suspended.
func (s *supervisor) paused(n *node) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return n.state == "paused" && !n.proc.gone()
}

// active tells whether the server runs and is not suspended.
func (s *supervisor) active(n *node) bool { return s.running(n) && !s.paused(n) }

// recovered returns when the servers that can serve do, the given ones among them;
// those of the given that cannot, for want of a quorum, have to run.
func (s *supervisor) recovered(ctx context.Context, nodes []*node) error {
	serving := s.able()
	if len(serving) > 0 {
		if err := s.ready(ctx, serving); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.each(nodes, func(n *node) error {
		if slices.Contains(serving, n) || s.paused(n) {
			return nil
		}
		return s.await(ctx, n, func(answer) bool { return true })
	})
}
