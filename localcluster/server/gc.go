package server

import (
	"context"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// collectAtOnce bounds what is proposed in one round: the others must not wait for the
// deletion of what nobody misses.
const collectAtOnce = 1000

// quotaWarning is the pause between two warnings of quotas.
const quotaWarning = time.Second

// collect has the leader delete containers that are empty again, and znodes whose time
// to live is over. What changes between choice and deletion stays. It ends with ctx.
func (s *Server) collect(ctx context.Context) {
	t := time.NewTicker(s.cfg.ContainerInterval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if st := s.status.Load(); st.Leader != st.ID {
			continue
		}
		for _, body := range s.collectable(time.Now()) {
			if s.propose(&tree.Txn{Op: wire.OpDeleteContainer, Body: body}) != nil {
				break // no longer the leader
			}
		}
	}
}

// collectable returns what to delete, as the bodies of transactions.
func (s *Server) collectable(now time.Time) [][]byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var bodies [][]byte
	for n := range s.tree.Collectable(now.UnixMilli(), 0) {
		if bodies = append(bodies, n.Collect()); len(bodies) == collectAtOnce {
			break
		}
	}
	return bodies
}

// warnQuota logs that a quota was gone beyond, now and then. Of the applying goroutine.
func (s *Server) warnQuota(what string, now time.Time) {
	if now.Sub(s.warned) >= quotaWarning {
		s.warned = now
		s.cfg.Logf("%s", what)
	}
}
