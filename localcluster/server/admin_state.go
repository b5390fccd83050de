package server

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// slowSync is what Apache ZooKeeper counts as an fsync that takes too long.
const slowSync = time.Second

func (s *Server) adminStats() object {
	st := s.status.Load()
	s.mu.RLock()
	zxid, nodes := s.tree.LastZxid(), s.tree.NodeCount()
	s.mu.RUnlock()
	lat, replies, size := s.stats.latency(), sizesOf(s.replySizes()), dirSize(s.cfg.DataDir)
	o := object{
		{"version", s.version()}, {"read_only", false},
		{"server_stats", object{
			{"packets_sent", s.stats.sent.Load()}, {"packets_received", s.stats.received.Load()}, {"fsync_threshold_exceed_count", s.stats.slowSyncs.Load()},
			{"client_response_stats", replies}, {"provider_null", false}, {"server_state", s.mode(st)}, {"outstanding_requests", s.outstanding()},
			{"min_latency", lat.Min.Milliseconds()}, {"avg_latency", float64(lat.Average()) / float64(time.Millisecond)}, {"max_latency", lat.Max.Milliseconds()},
			{"data_dir_size", size}, {"log_dir_size", size}, {"last_processed_zxid", zxid}, {"num_alive_client_connections", len(s.clients())},
			{"uptime", time.Since(s.started).Milliseconds()}, {"auth_failed_count", s.stats.authFailed.Load()},
		}},
		{"client_response", replies},
	}
	if s.mode(st) == "leader" {
		o = append(o, figure{"proposal_stats", sizesOf(s.stats.proposals.bounds())})
	}
	return append(o, figure{"node_count", nodes})
}

func sizesOf(b bounds) object {
	last, lo, hi := b.told()
	return object{{"last_buffer_size", last}, {"min_buffer_size", lo}, {"max_buffer_size", hi}}
}

// member returns what is known of a server of the ensemble.
func (s *Server) member(id uint64) (Peer, bool) {
	for _, p := range s.node.Members() {
		if p.ID == id {
			return p, true
		}
	}
	return Peer{}, false
}

func (s *Server) adminLeader() object {
	st := s.status.Load()
	if s.mode(st) == "standalone" {
		return object{{"error", "server is not initialized"}}
	}
	ip := ""
	if p, ok := s.member(st.Leader); ok {
		ip, _, _ = net.SplitHostPort(p.Addr) // "" where it has none
	}
	return object{{"is_leader", st.Leader == st.ID}, {"leader_id", st.Leader}, {"leader_ip", ip}}
}

// adminVoters tells who votes. Where the clients of another server go is known where the
// configuration says it.
func (s *Server) adminVoters() object {
	voters := object{}
	if !s.alone() {
		for _, p := range s.node.Members() {
			if p.Observer {
				continue
			}
			elections := list{}
			if p.Election != "" {
				elections = list{p.Election}
			}
			client := p.Client
			if p.ID == s.cfg.ID {
				client = s.cfg.Client.Addr().String()
			}
			voters = append(voters, figure{strconv.FormatUint(p.ID, 10), object{
				{"server_addresses", list{p.Addr}}, {"election_addresses", elections}, {"client_address", client}, {"learner_type", "participant"},
			}})
		}
	}
	return object{{"current_config", voters}}
}

// adminObservers tells of the observers that follow the leader, on the leader alone.
func (s *Server) adminObservers() object {
	all := list{}
	for _, p := range s.node.Learners() {
		if p.Observer {
			all = append(all, object{{"remote_socket_address", p.Addr}, {"sid", p.ID}})
		}
	}
	return object{{"synced_observers", len(all)}, {"observers", all}}
}

// adminZab tells of this server's part in the ensemble. There is no phase between the
// loss of a leader and the next one in which it would serve.
func (s *Server) adminZab() object {
	st := s.status.Load()
	p, ok := s.member(s.cfg.ID)
	if s.alone() || !s.serving() || !ok {
		return object{{"voting", false}, {"zabstate", ""}}
	}
	s.mu.RLock()
	zxid := s.tree.LastZxid()
	s.mu.RUnlock()
	o := object{{"myid", s.cfg.ID}, {"is_leader", st.Leader == st.ID}, {"quorum_address", addressOf(p.Addr)}}
	if p.Election != "" {
		o = append(o, figure{"election_address", addressOf(p.Election)})
	}
	return append(o, object{
		{"client_address", s.cfg.Client.Addr().String()}, {"voting", !p.Observer}, {"last_zxid", fmt.Sprintf("0x%x", uint64(zxid))},
		{"zab_epoch", uint64(zxid) >> 32}, {"zab_counter", zxid & 0xffffffff}, {"zabstate", "broadcast"},
	}...)
}

// addressOf tells of an address all that Apache ZooKeeper tells, which may have several.
func addressOf(addr string) object {
	host, port, _ := net.SplitHostPort(addr) // a member's has both
	n, _ := strconv.Atoi(port)
	return object{
		{"empty", false}, {"all_addresses", list{addr}}, {"wildcard_addresses", list{net.JoinHostPort("0.0.0.0", port)}}, {"all_ports", list{n}},
		{"all_host_strings", list{host}}, {"reachable_address", addr}, {"all_reachable_addresses", list{addr}},
		{"all_reachable_addresses_or_all", list{addr}}, {"reachable_or_one", addr}, {"one", addr},
	}
}
