package server

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/watch"
)

// javaDate is how Java writes a moment.
const javaDate = "Mon Jan 02 15:04:05 MST 2006"

// connectionTick is the step in which Apache ZooKeeper counts the deadlines of
// connections.
const connectionTick = 10 * time.Second

// sortedKeys returns the keys of m in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// roundUp returns the next multiple of step after t, as Apache ZooKeeper rounds.
func roundUp(t time.Time, step time.Duration) time.Time {
	return t.Truncate(step).Add(step)
}

// expiries returns the sessions by the time at which they expire, rounded up to a tick.
// Only the leader knows; elsewhere there is none.
func (s *Server) expiries() map[int64][]int64 {
	s.clockMu.Lock()
	defer s.clockMu.Unlock()
	all := make(map[int64][]int64)
	if s.leading {
		for id, t := range s.clock.Deadlines() {
			ms := roundUp(t, s.cfg.TickTime).UnixMilli()
			all[ms] = append(all[ms], id)
		}
	}
	for _, ids := range all {
		slices.Sort(ids)
	}
	return all
}

// dump tells of sessions, ephemeral znodes and connections.
func (s *Server) dump(b *strings.Builder, _ *conn) {
	b.WriteString("SessionTracker dump:\n")
	s.dumpSessions(b)
	b.WriteString("ephemeral nodes dump:\n")
	s.mu.RLock()
	ephemerals := s.tree.AllEphemerals()
	s.mu.RUnlock()
	fmt.Fprintf(b, "Sessions with Ephemerals (%d):\n", len(ephemerals))
	for _, id := range sortedKeys(ephemerals) {
		fmt.Fprintf(b, "0x%x:\n", uint64(id))
		slices.Sort(ephemerals[id])
		for _, path := range ephemerals[id] {
			fmt.Fprintf(b, "\t%s\n", path)
		}
	}
	b.WriteString("Connections dump:\n")
	s.dumpConnections(b)
}

// dumpSessions says when sessions expire where that is decided, and which there are
// elsewhere.
func (s *Server) dumpSessions(b *strings.Builder) {
	if st := s.status.Load(); st.Leader == st.ID {
		sets := s.expiries()
		n := 0
		for _, ids := range sets {
			n += len(ids)
		}
		fmt.Fprintf(b, "Session Sets (%d)/(%d):\n", len(sets), n)
		for _, ms := range sortedKeys(sets) {
			fmt.Fprintf(b, "%d expire at %s:\n", len(sets[ms]), time.UnixMilli(ms).Format(javaDate))
			for _, id := range sets[ms] {
				fmt.Fprintf(b, "\t0x%x\n", uint64(id))
			}
		}
		return
	}
	all := make(map[int64]int32)
	s.mu.RLock()
	for sess := range s.tree.Sessions() {
		all[sess.ID] = sess.Timeout
	}
	s.mu.RUnlock()
	fmt.Fprintf(b, "Global Sessions(%d):\n", len(all))
	for _, id := range sortedKeys(all) {
		fmt.Fprintf(b, "0x%x\t%dms\n", uint64(id), all[id])
	}
}

// dumpConnections says when connections would be over that nothing is heard from: after
// the session's timeout since the last reply, or after what is allowed for the first
// request.
func (s *Server) dumpConnections(b *strings.Builder) {
	sets := make(map[int64][]*conn)
	cs := s.oldestFirst()
	for _, c := range cs {
		end := c.since.Add(handshakeTime)
		if c.sid.Load() != 0 {
			x := c.seen()
			end = s.started.Add(max(x.at, c.since.Sub(s.started)) + time.Duration(c.timeout.Load())*time.Millisecond)
		}
		ms := roundUp(end, connectionTick).UnixMilli()
		sets[ms] = append(sets[ms], c)
	}
	fmt.Fprintf(b, "Connections Sets (%d)/(%d):\n", len(sets), len(cs))
	for _, ms := range sortedKeys(sets) {
		fmt.Fprintf(b, "%d expire at %s:\n", len(sets[ms]), time.UnixMilli(ms).Format(javaDate))
		for _, c := range sets[ms] {
			fmt.Fprintf(b, "\tip: /%s sessionId: 0x%x\n", c.nc.RemoteAddr(), uint64(c.sid.Load()))
		}
	}
}

// watchesByPath returns who watches which path. Like Apache ZooKeeper's words it tells
// of the watches that getData and exists leave, not of those of getChildren.
func (s *Server) watchesByPath() map[string][]int64 {
	all := make(map[string][]int64)
	for path, cs := range s.watches.List(watch.Data) {
		for _, c := range cs {
			all[path] = append(all[path], c.sid.Load())
		}
		slices.Sort(all[path])
	}
	return all
}

// watchesBySession returns the same the other way round.
func (s *Server) watchesBySession() map[int64][]string {
	all := make(map[int64][]string)
	for path, ids := range s.watchesByPath() {
		for _, id := range ids {
			all[id] = append(all[id], path)
		}
	}
	for _, paths := range all {
		slices.Sort(paths)
	}
	return all
}

// watchSummary counts the connections that watch, the paths and the watches.
func (s *Server) watchSummary() (conns, paths, watches int) {
	byPath := s.watchesByPath()
	ids := make(map[int64]struct{})
	for _, w := range byPath {
		watches += len(w)
		for _, id := range w {
			ids[id] = struct{}{}
		}
	}
	return len(ids), len(byPath), watches
}

func (s *Server) wchs(b *strings.Builder, _ *conn) {
	conns, paths, watches := s.watchSummary()
	fmt.Fprintf(b, "%d connections watching %d paths\nTotal watches:%d\n", conns, paths, watches)
}

func (s *Server) wchp(b *strings.Builder, _ *conn) {
	all := s.watchesByPath()
	for _, path := range sortedKeys(all) {
		fmt.Fprintf(b, "%s\n", path)
		for _, id := range all[path] {
			fmt.Fprintf(b, "\t0x%x\n", uint64(id))
		}
	}
	b.WriteByte('\n')
}

func (s *Server) wchc(b *strings.Builder, _ *conn) {
	all := s.watchesBySession()
	for _, id := range sortedKeys(all) {
		fmt.Fprintf(b, "0x%x\n", uint64(id))
		for _, path := range all[id] {
			fmt.Fprintf(b, "\t%s\n", path)
		}
	}
	b.WriteByte('\n')
}
