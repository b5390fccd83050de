package server

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// protocolVersion is the release of Apache ZooKeeper whose protocol and words
// this server follows. Clients read it from srvr and envi.
const protocolVersion = "3.9.0"

// version is what srvr, stat, mntr and envi call the version. Clients take it apart:
// those that look for a name want letters, digits, dots and dashes in it.
func (s *Server) version() string {
	layout := "2006-01-02 15:04 UTC"
	if s.cfg.OldDates {
		layout = "01/02/2006 15:04 UTC"
	}
	name := strings.ReplaceAll(cmp.Or(s.cfg.Version, "dev"), "+", "-")
	return fmt.Sprintf("%s-zooctl-%s, built on %s", protocolVersion, name, built().UTC().Format(layout))
}

// built is the time of the source that this program was built from, or that of its
// file where the build has not noted it.
func built() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, kv := range info.Settings {
			if t, err := time.Parse(time.RFC3339, kv.Value); kv.Key == "vcs.time" && err == nil {
				return t
			}
		}
	}
	if exe, err := os.Executable(); err == nil {
		if st, err := os.Stat(exe); err == nil {
			return st.ModTime()
		}
	}
	return time.Unix(0, 0) // the file was removed
}

// mode is the role as srvr calls it.
func (s *Server) mode(st *consensus.Status) string {
	switch {
	case s.alone():
		return "standalone"
	case st.Leader == 0 && s.readsOnly():
		return modeReadOnly
	case st.Role == "observer":
		return "observer"
	case st.Leader == st.ID:
		return "leader"
	}
	return "follower"
}

func (s *Server) srvr(b *strings.Builder, _ *conn) {
	fmt.Fprintf(b, "Zookeeper version: %s\n", s.version())
	s.figures(b)
}

func (s *Server) stat(b *strings.Builder, asker *conn) {
	fmt.Fprintf(b, "Zookeeper version: %s\nClients:\n", s.version())
	for _, c := range s.oldestFirst() {
		c.line(b, asker)
		b.WriteString(")\n")
	}
	b.WriteString("\n")
	s.figures(b)
}

func (s *Server) figures(b *strings.Builder) {
	s.mu.RLock()
	zxid, nodes := s.tree.LastZxid(), s.tree.NodeCount()
	s.mu.RUnlock()
	mode, lat := s.mode(s.status.Load()), s.stats.latency()
	fmt.Fprintf(b, "Latency min/avg/max: %d/%s/%d\nReceived: %d\nSent: %d\nConnections: %d\nOutstanding: %d\nZxid: 0x%x\nMode: %s\nNode count: %d\n",
		lat.Min.Milliseconds(), fraction(lat.Average()), lat.Max.Milliseconds(), s.stats.received.Load(), s.stats.sent.Load(),
		len(s.clients()), s.outstanding(), zxid, mode, nodes)
	if mode == "leader" {
		fmt.Fprintf(b, "Proposal sizes last/min/max: %s\n", s.stats.proposals.bounds())
	}
}

// fraction is d in milliseconds as Apache ZooKeeper writes an average: at most four
// digits after the point, and at least one.
func fraction(d time.Duration) string { return double(float64(d) / float64(time.Millisecond)) }

func double(v float64) string {
	text := strconv.FormatFloat(math.Round(v*10_000)/10_000, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// outstanding counts the requests that wait for the log.
func (s *Server) outstanding() int {
	n := 0
	for _, c := range s.clients() {
		n += c.waiting()
	}
	return n
}

// waiting counts the requests of a connection that wait for the log.
func (c *conn) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// oldestFirst returns the connections in the order in which they came.
func (s *Server) oldestFirst() []*conn {
	cs := s.clients()
	slices.SortFunc(cs, func(a, b *conn) int { return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.nonce, b.nonce)) })
	return cs
}

// interest is what Apache ZooKeeper waits for on a socket: 1 is to read, and the one
// that asks is no longer waited for.
func (c *conn) interest(asker *conn) int {
	if c == asker {
		return 0
	}
	return 1
}

// line writes what stat and cons say of a connection, up to where they differ.
func (c *conn) line(b *strings.Builder, asker *conn) {
	fmt.Fprintf(b, " /%s[%x](queued=%d,recved=%d,sent=%d", c.nc.RemoteAddr(), c.interest(asker), c.waiting(), c.received.Load(), c.sent.Load())
}

func (s *Server) cons(b *strings.Builder, asker *conn) {
	for _, c := range s.oldestFirst() {
		c.line(b, asker)
		if id := c.sid.Load(); id != 0 {
			x := c.seen()
			fmt.Fprintf(b, ",sid=0x%x,lop=%s,est=%d,to=%d", uint64(id), x.lastOp(), c.since.UnixMilli(), c.timeout.Load())
			if x.cxid > 0 {
				fmt.Fprintf(b, ",lcxid=0x%x", x.cxid-1)
			}
			fmt.Fprintf(b, ",lzxid=0x%x,lresp=%d,llat=%d,minlat=%d,avglat=%d,maxlat=%d", uint64(x.lastZxid()), x.at.Milliseconds(),
				x.latency.Milliseconds(), x.min.Milliseconds(), x.average().Milliseconds(), x.max.Milliseconds())
		}
		b.WriteString(")\n")
	}
	b.WriteByte('\n')
}

// lastZxid returns the zxid in the last reply, -1 where there is none.
func (x *seen) lastZxid() int64 {
	if x.count == 0 {
		return -1
	}
	return x.zxid
}

// lastOp names the last operation as Apache ZooKeeper abbreviates it.
func (x *seen) lastOp() string {
	if x.count == 0 {
		return "NA"
	}
	switch x.op {
	case wire.OpPing:
		return "PING"
	case wire.OpCreateSession:
		return "SESS"
	case wire.OpMulti:
		return "MULT"
	case wire.OpMultiRead:
		return "MLTR"
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateTTL, wire.OpCreateContainer:
		return "CREA"
	case wire.OpDelete, wire.OpDeleteContainer:
		return "DELE"
	case wire.OpSetData:
		return "SETD"
	case wire.OpReconfig:
		return "RECO"
	case wire.OpSetACL:
		return "SETA"
	case wire.OpCloseSession:
		return "CLOS"
	case wire.OpSync:
		return "SYNC"
	case wire.OpExists:
		return "EXIS"
	case wire.OpGetData:
		return "GETD"
	case wire.OpSetWatches:
		return "SETW"
	case wire.OpSetWatches2:
		return "STW2"
	case wire.OpAddWatch:
		return "ADDW"
	case wire.OpGetACL:
		return "GETA"
	case wire.OpGetChildren, wire.OpGetChildren2:
		return "GETC"
	case wire.OpGetAllChildrenNumber:
		return "GETACN"
	case wire.OpCheckWatches:
		return "CHKW"
	case wire.OpRemoveWatches:
		return "REMW"
	case wire.OpWhoAmI:
		return "HOMI"
	case wire.OpGetEphemerals:
		return "GETE"
	}
	return "NA"
}

// clientPort returns the port of the clients' listener; a listener has one.
func (s *Server) clientPort() string {
	_, port, _ := net.SplitHostPort(s.cfg.Client.Addr().String())
	return port
}

func (s *Server) conf(b *strings.Builder, _ *conn) {
	data, logs := s.cfg.DataDir, cmp.Or(s.cfg.LogDir, s.cfg.DataDir)
	row := func(key string, value any) { fmt.Fprintf(b, "%s=%v\n", key, value) }
	row("clientPort", s.clientPort())
	row("secureClientPort", -1)
	row("dataDir", data)
	row("dataDirSize", dirSize(data))
	row("dataLogDir", logs)
	row("dataLogSize", dirSize(logs))
	row("tickTime", s.cfg.TickTime.Milliseconds())
	row("maxClientCnxns", s.cfg.MaxConns)
	row("minSessionTimeout", s.cfg.MinTimeout.Milliseconds())
	row("maxSessionTimeout", s.cfg.MaxTimeout.Milliseconds())
	row("clientPortListenBacklog", -1)
	row("serverId", s.cfg.ID)
	if s.alone() {
		return
	}
	me, _ := s.member(s.cfg.ID)
	for _, x := range []struct{ key, addr string }{{"electionPort", me.Election}, {"quorumPort", me.Addr}} {
		if _, port, err := net.SplitHostPort(x.addr); err == nil {
			row(x.key, port)
		}
	}
	row("peerType", map[bool]int{false: 0, true: 1}[me.Observer])
	fmt.Fprintf(b, "membership: \n%s", s.config()) // as Apache ZooKeeper: the last line is not ended
}

// config returns what /zookeeper/config shows: a line for each server, and the version.
func (s *Server) config() []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if n := s.tree.Node(tree.ConfigPath); n != nil {
		return n.Data()
	}
	return nil
}

// dirSize returns the bytes of all files below dir. What cannot be read is not there any
// more.
func dirSize(dir string) int64 {
	size := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size
}

func (s *Server) dirs(b *strings.Builder, _ *conn) {
	size := dirSize(s.cfg.DataDir) // the log and the snapshots are in one
	fmt.Fprintf(b, "datadir_size: %d\nlogdir_size: %d\n", size, size)
}

// pair is one line of envi.
type pair struct{ key, value string }

// absent is what Apache ZooKeeper says where there is nothing.
const absent = "<NA>"

// environment is what envi tells. What only a Java virtual machine has is absent.
func (s *Server) environment() []pair {
	host, _ := os.Hostname() // an empty name says it too
	home, _ := os.UserHomeDir()
	dir, _ := os.Getwd()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	most := absent
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		most = fmt.Sprintf("%dMB", limit>>20)
	}
	return []pair{
		{"zookeeper.version", s.version()}, {"host.name", cmp.Or(host, absent)},
		{"java.version", absent}, {"java.vendor", absent}, {"java.home", absent}, {"java.class.path", absent}, {"java.library.path", absent},
		{"java.io.tmpdir", os.TempDir()}, {"java.compiler", absent},
		{"os.name", systemName()}, {"os.arch", runtime.GOARCH}, {"os.version", cmp.Or(systemVersion(), absent)},
		{"user.name", cmp.Or(os.Getenv("USER"), os.Getenv("LOGNAME"), os.Getenv("USERNAME"), absent)},
		{"user.home", cmp.Or(home, absent)}, {"user.dir", cmp.Or(dir, absent)},
		{"os.memory.free", fmt.Sprintf("%dMB", (mem.HeapIdle-mem.HeapReleased)>>20)},
		{"os.memory.max", most},
		{"os.memory.total", fmt.Sprintf("%dMB", mem.Sys>>20)},
	}
}

func (s *Server) envi(b *strings.Builder, _ *conn) {
	b.WriteString("Environment:\n")
	for _, p := range s.environment() {
		fmt.Fprintf(b, "%s=%s\n", p.key, p.value)
	}
}

// systemName is the name of the operating system as Java tells it.
func systemName() string {
	switch runtime.GOOS {
	case "linux":
		return "Linux"
	case "darwin":
		return "Mac OS X"
	case "windows":
		return "Windows"
	}
	return runtime.GOOS
}
