package server

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
)

// protocolVersion is the release of Apache ZooKeeper whose protocol and words
// this server follows. Clients read it from srvr and envi.
const protocolVersion = "3.9.0"

// stats counts what the four-letter words tell.
type stats struct {
	received, sent atomic.Int64
	latency        latency
	proposals      sizes
}

// sizes are those of the writes that were applied while this server led, in bytes.
type sizes struct{ last, min, max atomic.Int64 }

func (z *sizes) add(n int) {
	z.last.Store(int64(n))
	if m := z.min.Load(); m == 0 || int64(n) < m {
		z.min.Store(int64(n)) // only the applying goroutine adds
	}
	if int64(n) > z.max.Load() {
		z.max.Store(int64(n))
	}
}

// String is as in srvr: -1 where there was none.
func (z *sizes) String() string {
	if z.last.Load() == 0 {
		return "-1/-1/-1"
	}
	return fmt.Sprintf("%d/%d/%d", z.last.Load(), z.min.Load(), z.max.Load())
}

// latency is how long requests took since the start, in nanoseconds.
type latency struct{ count, sum, max, min atomic.Int64 }

func (l *latency) add(d time.Duration) {
	n := max(int64(d), 1)
	l.count.Add(1)
	l.sum.Add(n)
	for m := l.max.Load(); n > m && !l.max.CompareAndSwap(m, n); m = l.max.Load() {
	}
	for m := l.min.Load(); (m == 0 || n < m) && !l.min.CompareAndSwap(m, n); m = l.min.Load() {
	}
}

// String is as in srvr: whole milliseconds, and an average with fractions.
func (l *latency) String() string {
	const ms = float64(time.Millisecond)
	avg := float64(l.sum.Load()) / float64(max(l.count.Load(), 1)) / ms
	return fmt.Sprintf("%d/%.4f/%d", l.min.Load()/int64(ms), avg, l.max.Load()/int64(ms))
}

// words answer the four-letter words. Those that say nothing of the ensemble's
// state answer without a leader too.
var words = map[string]func(*Server, *strings.Builder){
	"ruok": func(_ *Server, b *strings.Builder) { b.WriteString("imok") },
	"envi": (*Server).envi,
	"conf": (*Server).conf,
	"isro": func(_ *Server, b *strings.Builder) { b.WriteString("rw") },
	"srvr": (*Server).srvr,
	"stat": (*Server).stat,
	"mntr": (*Server).mntr,
}

// refusedWords are Apache ZooKeeper's others. They get its refusal, whose text
// tools match.
const refusedWords = "cons crst dirs dump gtmk hash lsnp orst srst stmk wchc wchp wchs"

func isFourLetterWord(w string) bool {
	_, ok := words[w]
	return ok || len(w) == 4 && !strings.Contains(w, " ") && strings.Contains(refusedWords, w)
}

// answerWord answers w and ends the connection.
func (s *Server) answerWord(c *conn, w string) {
	var b strings.Builder
	f, ok := words[w]
	switch {
	case !ok:
		fmt.Fprintf(&b, "%s is not executed because it is not in the whitelist.\n", w)
	case !s.serving() && w != "ruok" && w != "envi" && w != "conf":
		b.WriteString("This ZooKeeper instance is not currently serving requests\n")
	default:
		f(s, &b)
	}
	out := c.out.lock()
	c.out.unlock(append(out, b.String()...))
	c.out.closeAfterLast()
}

// version is what srvr, stat, mntr and envi call the version.
func (s *Server) version() string {
	built := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, kv := range info.Settings {
			if t, err := time.Parse(time.RFC3339, kv.Value); kv.Key == "vcs.time" && err == nil {
				built = t.UTC().Format("2006-01-02 15:04 UTC")
			}
		}
	}
	return fmt.Sprintf("%s-zooctl-%s, built on %s", protocolVersion, cmp.Or(s.cfg.Version, "dev"), built)
}

// mode is the role as srvr calls it.
func (s *Server) mode(st *consensus.Status) string {
	switch {
	case s.alone():
		return "standalone"
	case st.Role == "observer":
		return "observer"
	case st.Leader == st.ID:
		return "leader"
	}
	return "follower"
}

func (s *Server) srvr(b *strings.Builder) {
	fmt.Fprintf(b, "Zookeeper version: %s\n", s.version())
	s.figures(b)
}

func (s *Server) stat(b *strings.Builder) {
	fmt.Fprintf(b, "Zookeeper version: %s\nClients:\n", s.version())
	for _, c := range s.clients() {
		c.mu.Lock()
		queued := len(c.queue)
		c.mu.Unlock()
		fmt.Fprintf(b, " /%s[1](queued=%d,recved=%d,sent=%d)\n", c.nc.RemoteAddr(), queued, c.received.Load(), c.sent.Load())
	}
	b.WriteString("\n")
	s.figures(b)
}

func (s *Server) figures(b *strings.Builder) {
	s.mu.RLock()
	zxid, nodes := s.tree.LastZxid(), s.tree.NodeCount()
	s.mu.RUnlock()
	mode := s.mode(s.status.Load())
	fmt.Fprintf(b, "Latency min/avg/max: %s\nReceived: %d\nSent: %d\nConnections: %d\nOutstanding: %d\nZxid: 0x%x\nMode: %s\nNode count: %d\n",
		&s.stats.latency, s.stats.received.Load(), s.stats.sent.Load(), len(s.clients()), s.outstanding(), zxid, mode, nodes)
	if mode == "leader" {
		fmt.Fprintf(b, "Proposal sizes last/min/max: %s\n", &s.stats.proposals)
	}
}

// outstanding counts the requests that wait for the log.
func (s *Server) outstanding() int {
	n := 0
	for _, c := range s.clients() {
		c.mu.Lock()
		n += len(c.queue)
		c.mu.Unlock()
	}
	return n
}

func (s *Server) mntr(b *strings.Builder) {
	st := s.status.Load()
	s.mu.RLock()
	nodes, size, eph := s.tree.NodeCount(), s.tree.DataSize(), s.tree.EphemeralCount()
	sessions := 0
	for range s.tree.Sessions() {
		sessions++
	}
	s.mu.RUnlock()
	_, _, watches := s.watches.Counts()
	row := func(key string, value any) { fmt.Fprintf(b, "zk_%s\t%v\n", key, value) }
	row("version", s.version())
	row("server_state", s.mode(st))
	row("znode_count", nodes)
	row("ephemerals_count", eph)
	row("approximate_data_size", size)
	row("watch_count", watches)
	row("global_sessions", sessions)
	row("num_alive_connections", len(s.clients()))
	row("outstanding_requests", s.outstanding())
	row("packets_received", s.stats.received.Load())
	row("packets_sent", s.stats.sent.Load())
	row("uptime", time.Since(s.started).Milliseconds())
	row("quorum_size", s.node.Status().Voters)
	if s.mode(st) == "leader" {
		followers := s.node.Status().Followers
		row("followers", followers)
		row("synced_followers", followers)
		row("learners", followers)
	}
}

func (s *Server) conf(b *strings.Builder) {
	tick := s.cfg.TickTime.Milliseconds()
	_, port, _ := net.SplitHostPort(s.cfg.Client.Addr().String()) // a listener has a port
	fmt.Fprintf(b, "clientPort=%s\nsecureClientPort=-1\ndataDir=%s\ndataLogDir=%s\ntickTime=%d\nmaxClientCnxns=0\nminSessionTimeout=%d\nmaxSessionTimeout=%d\nserverId=%d\n",
		port, s.cfg.DataDir, s.cfg.DataDir, tick, 2*tick, 20*tick, s.cfg.ID)
	if len(s.cfg.Peers) > 1 {
		b.WriteString("membership: \n")
		for _, p := range s.cfg.Peers {
			fmt.Fprintf(b, "server.%d=%s:participant\n", p.ID, p.Addr)
		}
	}
}

func (s *Server) envi(b *strings.Builder) {
	host, _ := os.Hostname() // an empty name says it too
	fmt.Fprintf(b, "Environment:\nzookeeper.version=%s\nhost.name=%s\njava.version=none\njava.vendor=%s\nos.name=%s\nos.arch=%s\n",
		s.version(), host, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
