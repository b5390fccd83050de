package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// command is one of the AdminServer's.
type command struct {
	names   []string // the first is the one that it answers with
	serving bool     // needs a leader
	auth    bool     // needs every permission on the root
	get     func(*admin, *http.Request) response
	post    func(*admin, http.ResponseWriter, *http.Request) response // instead of get
}

// commands are those of Apache ZooKeeper 3.9.
var commands = []command{
	{names: []string{"configuration", "conf", "config"}, serving: true, get: fields((*Server).adminConf)},
	{names: []string{"connection_stat_reset", "crst"}, serving: true, get: fields(func(s *Server) object { s.resetConnections(); return nil })},
	{names: []string{"connections", "cons"}, serving: true, get: fields(func(s *Server) object { return s.adminConnections(false) })},
	{names: []string{"dirs"}, serving: true, get: fields((*Server).adminDirs)},
	{names: []string{"dump"}, serving: true, get: fields((*Server).adminDump)},
	{names: []string{"environment", "env", "envi"}, get: fields((*Server).adminEnvironment)},
	{names: []string{"get_trace_mask", "gtmk"}, get: fields(func(s *Server) object { return object{{"tracemask", s.stats.trace.Load()}} })},
	{names: []string{"hash"}, serving: true, get: fields(func(*Server) object { return object{{"digests", list{}}} })},
	{names: []string{"initial_configuration", "icfg"}, serving: true, get: fields((*Server).adminInitial)},
	{names: []string{"is_read_only", "isro"}, serving: true, get: fields(func(s *Server) object { return object{{"read_only", !s.serving()}} })},
	{names: []string{"last_snapshot", "lsnp"}, serving: true, get: fields((*Server).adminLastSnapshot)},
	{names: []string{"leader", "lead"}, serving: true, get: fields((*Server).adminLeader)},
	{names: []string{"monitor", "mntr"}, get: fields(func(s *Server) object { return s.monitor() })},
	{names: []string{"observer_connection_stat_reset", "orst"}, serving: true, get: fields(func(*Server) object { return nil })},
	{names: []string{"observers", "obsr"}, serving: true, get: fields((*Server).adminObservers)},
	{names: []string{"restore", "rest"}, serving: true, auth: true, post: (*admin).restore},
	{names: []string{"ruok"}, serving: true, get: fields(func(*Server) object { return nil })},
	{names: []string{"server_stats", "srvr"}, serving: true, get: fields((*Server).adminStats)},
	{names: []string{"set_trace_mask", "stmk"}, get: (*admin).setTrace},
	{names: []string{"snapshot", "snap"}, serving: true, auth: true, get: (*admin).takeSnapshot},
	{names: []string{"stat_reset", "srst"}, serving: true, get: fields(func(s *Server) object { s.resetStats(); return nil })},
	{names: []string{"stats", "stat"}, serving: true, get: fields(func(s *Server) object { return append(s.adminStats(), s.adminConnections(true)...) })},
	{names: []string{"system_properties", "sysp"}, get: fields(func(*Server) object { return nil })}, // a Java virtual machine has such, and only it
	{names: []string{"voting_view"}, serving: true, get: fields((*Server).adminVoters)},
	{names: []string{"watch_summary", "wchs"}, serving: true, get: fields((*Server).adminWatchSummary)},
	{names: []string{"watches", "wchc"}, serving: true, get: fields((*Server).adminWatches)},
	{names: []string{"watches_by_path", "wchp"}, serving: true, get: fields((*Server).adminWatchesByPath)},
	{names: []string{"zabstate"}, get: fields((*Server).adminZab)},
}

func commandNamed(name string) (command, bool) {
	i := slices.IndexFunc(commands, func(c command) bool { return slices.Contains(c.names, name) })
	if i < 0 {
		return command{}, false
	}
	return commands[i], true
}

// fields makes a command of a function that returns what it tells.
func fields(f func(*Server) object) func(*admin, *http.Request) response {
	return func(a *admin, _ *http.Request) response { return response{fields: f(a.s)} }
}

func (s *Server) adminConf() object {
	tick := s.cfg.TickTime.Milliseconds()
	port, _ := strconv.Atoi(s.clientPort()) // a listener's is a number
	return object{
		{"client_port", port}, {"data_dir", s.cfg.DataDir}, {"data_log_dir", s.cfg.DataDir}, {"tick_time", tick}, {"max_client_cnxns", 0},
		{"min_session_timeout", 2 * tick}, {"max_session_timeout", 20 * tick}, {"server_id", s.cfg.ID}, {"client_port_listen_backlog", -1},
	}
}

func (s *Server) adminInitial() object {
	if s.cfg.Initial == "" {
		return object{{"initial_configuration", nil}}
	}
	return object{{"initial_configuration", s.cfg.Initial}}
}

func (s *Server) adminConnections(brief bool) object {
	all := list{}
	for _, c := range s.oldestFirst() {
		o := object{
			{"remote_socket_address", c.nc.RemoteAddr().String()}, {"interest_ops", c.interest(nil)}, {"outstanding_requests", c.waiting()},
			{"packets_received", c.received.Load()}, {"packets_sent", c.sent.Load()},
		}
		if x := c.seen(); !brief {
			o = append(o, object{
				{"session_id", c.sid.Load()}, {"last_operation", x.lastOp()}, {"established", c.since.UnixMilli()}, {"session_timeout", c.timeout.Load()},
				{"last_cxid", x.cxid - 1}, {"last_zxid", x.lastZxid()}, {"last_response_time", x.at.Milliseconds()}, {"last_latency", x.latency.Milliseconds()},
				{"min_latency", x.min.Milliseconds()}, {"avg_latency", x.average().Milliseconds()}, {"max_latency", x.max.Milliseconds()},
			}...)
		}
		all = append(all, o)
	}
	return object{{"connections", all}, {"secure_connections", list{}}}
}

func (s *Server) adminDirs() object {
	size := dirSize(s.cfg.DataDir)
	return object{{"datadir_size", size}, {"logdir_size", size}}
}

func (s *Server) adminDump() object {
	s.mu.RLock()
	ephemerals := s.tree.AllEphemerals()
	s.mu.RUnlock()
	return object{{"expiry_time_to_session_ids", byKey(s.expiries())}, {"session_id_to_ephemeral_paths", byKey(ephemerals)}}
}

// byKey makes an object of a map to lists, in the order of its keys.
func byKey[K int64 | string, V any](m map[K][]V) object {
	o := make(object, 0, len(m))
	for _, k := range sortedKeys(m) {
		o = append(o, figure{fmt.Sprint(k), listOf(m[k])})
	}
	return o
}

func (s *Server) adminEnvironment() object {
	var o object
	for _, p := range s.environment() {
		o = append(o, figure{p.key, p.value})
	}
	return o
}

// adminLastSnapshot tells of the last snapshot that this server has written, with its
// time in seconds, or of none since its start.
func (s *Server) adminLastSnapshot() object {
	last := s.stats.lastSnap.Load()
	if last == nil {
		return object{{"zxid", fmt.Sprintf("%x", uint64(1<<64-1))}, {"timestamp", -1}}
	}
	return object{{"zxid", fmt.Sprintf("%x", uint64(last.zxid))}, {"timestamp", last.when.Unix()}}
}

func (s *Server) adminWatchSummary() object {
	conns, paths, watches := s.watchSummary()
	return object{{"num_connections", conns}, {"num_paths", paths}, {"num_total_watches", watches}}
}

func (s *Server) adminWatches() object {
	return object{{"session_id_to_watched_paths", byKey(s.watchesBySession())}}
}

func (s *Server) adminWatchesByPath() object {
	return object{{"path_to_session_ids", byKey(s.watchesByPath())}}
}

// setTrace remembers a trace mask, which changes nothing here.
func (a *admin) setTrace(r *http.Request) response {
	query, err := url.ParseQuery(r.URL.RawQuery)
	const need = "setTraceMask requires long traceMask argument"
	if err != nil || !query.Has("traceMask") {
		return response{fields: object{{"error", need}}}
	}
	mask, err := strconv.ParseInt(query.Get("traceMask"), 10, 64)
	if err != nil {
		return response{fields: object{{"error", need + ", got " + query.Get("traceMask")}}}
	}
	a.s.stats.trace.Store(mask)
	return response{fields: object{{"tracemask", mask}}}
}
