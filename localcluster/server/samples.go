package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/metrics"
)

// samples returns every number that this server knows and that Apache ZooKeeper 3.9 has
// a name for, in one list for mntr, the monitor command and Prometheus. A number that
// has no meaning here is not in it.
func (s *Server) samples() []metrics.Sample {
	st := s.status.Load()
	all := s.gauges()
	if !s.alone() {
		all = append(all, whole("quorum_size", metrics.Gauge, int64(s.node.Status().Voters)))
	}
	if s.mode(st) == "leader" {
		all = append(all, s.leaderGauges()...)
	}
	return append(append(all, s.counters()...), s.summaries()...)
}

func whole(name string, kind metrics.Kind, v int64) metrics.Sample {
	return metrics.Sample{Name: name, Kind: kind, Value: float64(v), Whole: true}
}

func (s *Server) gauges() []metrics.Sample {
	s.mu.RLock()
	nodes, size, eph, sessions := s.tree.NodeCount(), s.tree.DataSize(), s.tree.EphemeralCount(), s.tree.SessionCount()
	s.mu.RUnlock()
	_, _, watches := s.watches.Counts()
	lat := s.stats.latency()
	last, lo, hi := s.replySizes().told()
	g := func(name string, v int64) metrics.Sample { return whole(name, metrics.Gauge, v) }
	all := []metrics.Sample{
		{Name: "avg_latency", Value: metrics.Millis(lat.Average())}, g("min_latency", lat.Min.Milliseconds()), g("max_latency", lat.Max.Milliseconds()),
		g("packets_received", s.stats.received.Load()), g("packets_sent", s.stats.sent.Load()),
		g("num_alive_connections", int64(len(s.clients()))), g("outstanding_requests", int64(s.outstanding())),
		g("znode_count", int64(nodes)), g("watch_count", int64(watches)), g("ephemerals_count", int64(eph)), g("approximate_data_size", size),
		g("global_sessions", int64(sessions)), g("local_sessions", 0), // there are none: every session is replicated
		g("uptime", time.Since(s.started).Milliseconds()), g("auth_failed_count", s.stats.authFailed.Load()),
		g("last_client_response_size", int64(last)), g("min_client_response_size", int64(lo)), g("max_client_response_size", int64(hi)),
	}
	if open, limit, ok := descriptors(); ok {
		all = append(all, g("open_file_descriptor_count", open), g("max_file_descriptor_count", limit))
	}
	return all
}

// leaderGauges are those of the leader. followers is what releases before 3.6 called the
// learners; tools of that time still ask for it.
func (s *Server) leaderGauges() []metrics.Sample {
	g := func(name string, v int64) metrics.Sample { return whole(name, metrics.Gauge, v) }
	learners, observers := s.node.Learners(), int64(0)
	for _, p := range learners {
		if p.Observer {
			observers++
		}
	}
	followers := int64(len(learners)) - observers
	last, lo, hi := s.stats.proposals.bounds().told()
	all := []metrics.Sample{
		g("followers", followers), g("learners", followers+observers), g("synced_followers", followers), g("synced_observers", observers),
		g("synced_non_voting_followers", 0), // none has no vote and is no observer
		g("last_proposal_size", int64(last)), g("min_proposal_size", int64(lo)), g("max_proposal_size", int64(hi)),
	}
	if since := s.stats.ledSince.Load(); since != 0 {
		all = append(all, g("leader_uptime", time.Since(time.Unix(0, since)).Milliseconds()))
	}
	return all
}

func (s *Server) counters() []metrics.Sample {
	x := &s.stats
	c := func(name string, v int64) metrics.Sample { return whole(name, metrics.Counter, v) }
	return []metrics.Sample{
		c("bytes_received_count", x.bytesReceived.Load()), c("connection_request_count", x.connects.Load()), c("connection_rejected", x.rejected.Load()),
		c("connection_drop_count", x.dropped.Load()), c("cnxn_closed_without_zk_server_running", x.notServing.Load()),
		c("request_throttle_wait_count", x.throttled.Load()), c("stale_sessions_expired", x.expired.Load()), c("looking_count", x.looking.Load()),
		c("commit_count", x.commits.Load()), c("learner_commit_received_count", x.learned.Load()),
		c("snapshot_error_count", x.snapshotErrors.Load()), c("snapshot_rate_limited_count", x.snapshotLimited.Load()),
		c("restore_error_count", x.restoreErrors.Load()), c("restore_rate_limited_count", x.restoreLimited.Load()),
	}
}

func (s *Server) summaries() []metrics.Sample {
	x := &s.stats
	sum := func(name string, kind metrics.Kind, v *metrics.Summary) metrics.Sample {
		return metrics.Sample{Name: name, Kind: kind, Digest: v.Digest()}
	}
	return []metrics.Sample{
		sum("fsynctime", metrics.Basic, &x.fsync), sum("snapshottime", metrics.Basic, &x.snapshot), sum("dbinittime", metrics.Basic, &x.init),
		sum("restore_time", metrics.Basic, &x.restore), sum("election_time", metrics.Basic, &x.election),
		sum("readlatency", metrics.Detailed, &x.read), sum("updatelatency", metrics.Detailed, &x.update),
	}
}

// figure is one line of mntr. Its value is a string, an int64, or a float64.
type figure struct {
	key   string
	value any
}

// monitor is what mntr tells: a summary is several lines, in whole milliseconds but for
// the average.
func (s *Server) monitor() []figure {
	st := s.status.Load()
	mode := s.mode(st)
	all := []figure{{"version", s.version()}, {"server_state", mode}}
	if mode != "standalone" && mode != modeReadOnly {
		all = append(all, figure{"peer_state", peerState(mode)})
	}
	for _, m := range s.samples() {
		switch {
		case m.Digest != nil:
			all = append(all, spread(m)...)
		case m.Whole:
			all = append(all, figure{m.Name, int64(m.Value)})
		default:
			all = append(all, figure{m.Name, m.Value})
		}
	}
	return all
}

// peerState is Apache ZooKeeper's name for a server that serves in its role.
func peerState(mode string) string {
	switch mode {
	case "leader":
		return "leading - broadcast"
	case "observer":
		return "observing - broadcast"
	}
	return "following - broadcast"
}

// spread returns the lines of a summary.
func spread(m metrics.Sample) []figure {
	d := m.Digest
	all := []figure{
		{"avg_" + m.Name, metrics.Millis(d.Average())}, {"min_" + m.Name, d.Min.Milliseconds()}, {"max_" + m.Name, d.Max.Milliseconds()},
		{"cnt_" + m.Name, d.Count}, {"sum_" + m.Name, d.Sum.Milliseconds()},
	}
	if m.Kind != metrics.Detailed {
		return all
	}
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50_", 0.5}, {"p95_", 0.95}, {"p99_", 0.99}, {"p999_", 0.999}} {
		v, _ := d.Quantile(q.at) // 0 where there is nothing, as in Apache ZooKeeper
		all = append(all, figure{q.name + m.Name, v.Milliseconds()})
	}
	return all
}

func (s *Server) mntr(b *strings.Builder, _ *conn) {
	for _, f := range s.monitor() {
		value := f.value
		if v, ok := value.(float64); ok {
			value = double(v)
		}
		fmt.Fprintf(b, "zk_%s\t%v\n", f.key, value)
	}
}
