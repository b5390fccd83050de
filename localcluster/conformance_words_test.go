package localcluster_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// say sends a word and returns the answer.
func say(t *testing.T, addr, w string) string {
	t.Helper()
	got, err := wiretest.Word(addr, w)
	if err != nil {
		t.Errorf("%q: %v", w, err)
	}
	return got
}

// synced has every server apply what was written through another.
func synced(t *testing.T, s *subject) {
	t.Helper()
	for i := range s.servers {
		s.connect(t, i).Must(wire.OpSync, &wire.PathRequest{Path: "/"})
	}
}

// matches holds an answer to an expression, which must match all of it.
func matches(t *testing.T, what, got, expr string) {
	t.Helper()
	if !regexp.MustCompile(`^(?:` + expr + `)$`).MatchString(got) {
		t.Errorf("%s: %q does not match %s", what, got, expr)
	}
}

// keysOf returns what is before the sign in each line that has one.
func keysOf(text, sign string) []string {
	var keys []string
	for line := range strings.Lines(text) {
		if key, _, ok := strings.Cut(line, sign); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// conformWordTexts: the texts of the four-letter words, whole.
func conformWordTexts(t *testing.T, s *subject) {
	for w, want := range map[string]string{
		"srst": "Server stats reset.\n", "crst": "Connection stats reset.\n", "gtmk": "306", "stmk\x00\x00\x00\x00\x00\x00\x01\x33": "307",
		"stmk": "", "orst": "", "lsnp": "", "\xff\xf4\xff\xfd": "", "isro\r\n": "rw",
	} {
		equal(t, w, say(t, s.servers[0], w), want)
		say(t, s.servers[0], "stmk\x00\x00\x00\x00\x00\x00\x01\x32")
	}
	equal(t, "gtmk", say(t, s.servers[0], "gtmk"), "306")
	matches(t, "hash", say(t, s.servers[0], "hash"), `([0-9a-f]+: \d+\n)*`)
	matches(t, "dirs", say(t, s.servers[0], "dirs"), `datadir_size: \d+\nlogdir_size: \d+\n`)
	const figures = `Latency min/avg/max: \d+/\d+\.\d{1,4}/\d+\nReceived: \d+\nSent: \d+\nConnections: [1-9]\d*\nOutstanding: \d+\n` +
		`Zxid: 0x[0-9a-f]+\nMode: (follower|leader)\nNode count: \d+\n(Proposal sizes last/min/max: -?\d+/-?\d+/-?\d+\n)?`
	const version = `Zookeeper version: 3\.\d+\.\d+\S+, built on [^\n]+\n`
	for _, addr := range s.servers {
		matches(t, "srvr", say(t, addr, "srvr"), version+figures)
		matches(t, "stat", say(t, addr, "stat"), version+`Clients:\n( /[^ ]+:\d+\[[0-9a-f]\]\(queued=\d+,recved=\d+,sent=\d+\)\n)+\n`+figures)
	}
	equal(t, "envi", keysOf(say(t, s.servers[0], "envi"), "="), []string{
		"zookeeper.version", "host.name", "java.version", "java.vendor", "java.home", "java.class.path", "java.library.path", "java.io.tmpdir", "java.compiler",
		"os.name", "os.arch", "os.version", "user.name", "user.home", "user.dir", "os.memory.free", "os.memory.max", "os.memory.total",
	})
	conf := say(t, s.servers[0], "conf")
	want := []string{
		"clientPort", "secureClientPort", "dataDir", "dataDirSize", "dataLogDir", "dataLogSize", "tickTime", "maxClientCnxns", "minSessionTimeout",
		"maxSessionTimeout", "clientPortListenBacklog", "serverId", "initLimit", "syncLimit", "electionAlg", "electionPort", "quorumPort", "peerType",
		"server.1", "server.2", "server.3", "version",
	}
	if s.engine == "embedded" { // Raft has no such things
		want = slices.DeleteFunc(want, func(k string) bool {
			return slices.Contains([]string{"initLimit", "syncLimit", "electionAlg", "electionPort"}, k)
		})
	}
	equal(t, "conf", slices.DeleteFunc(keysOf(conf, "="), func(k string) bool { return k == "electionPort" && s.engine == "embedded" }), want)
	matches(t, "the end of conf", conf[strings.LastIndex(conf, "membership"):], `membership: \n(server\.\d=127\.0\.0\.1:\d+(:\d+)?:participant(;\S+)?\n){3}version=[0-9a-f]+`)
}

// conformWordCons: what is told of a connection, before and after crst.
func conformWordCons(t *testing.T, s *subject) {
	c := s.connect(t, 0)
	sid := fmt.Sprintf("0x%x", uint64(c.Resp.SessionID))
	line := func() string {
		for l := range strings.Lines(say(t, s.servers[0], "cons")) {
			if strings.Contains(l, "sid="+sid+",") {
				return strings.TrimSpace(l)
			}
		}
		t.Fatalf("no connection of %s in cons", sid)
		return ""
	}
	addr := regexp.QuoteMeta("/" + c.Conn.LocalAddr().String())
	matches(t, "cons at first", line(), addr+`\[[01]\]\(queued=0,recved=\d+,sent=[01],sid=`+sid+
		`,lop=SESS,est=\d{13},to=20000,lcxid=0x0,lzxid=0x[0-9a-f]+,lresp=\d+,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+\)`)
	root := s.root(t, c)
	for _, x := range []struct {
		op   wire.Op
		body wire.Record
		lop  string
	}{
		{wire.OpSetData, &wire.SetDataRequest{Path: root, Version: -1}, "SETD"}, {wire.OpGetData, wiretest.Read(root), "GETD"},
		{wire.OpExists, wiretest.Read(root), "EXIS"}, {wire.OpGetChildren2, wiretest.Read(root), "GETC"}, {wire.OpSync, &wire.PathRequest{Path: root}, "SYNC"},
	} {
		r := c.Must(x.op, x.body)
		matches(t, "cons", line(), fmt.Sprintf(`.*,lop=%s,est=\d+,to=20000,lcxid=0x%x,lzxid=0x%x,lresp=.*`, x.lop, r.Xid, r.Zxid))
	}
	equal(t, "crst", say(t, s.servers[0], "crst"), "Connection stats reset.\n")
	matches(t, "cons after crst", line(), addr+`\[1\]\(queued=0,recved=0,sent=0,sid=`+sid+
		`,lop=NA,est=\d{13},to=20000,lzxid=0xf{16},lresp=0,llat=0,minlat=0,avglat=0,maxlat=0\)`)
	matches(t, "the one that asks", say(t, s.servers[0], "cons"), `(?s).* /127\.0\.0\.1:\d+\[0\]\(queued=0,recved=1,sent=0\)\n.*\n`)
}

// conformWordDump: sessions, ephemeral znodes, connections, and watches of data.
func conformWordDump(t *testing.T, s *subject) {
	c := s.connect(t, 1)
	sid := fmt.Sprintf("0x%x", uint64(c.Resp.SessionID))
	root := s.root(t, c)
	c.Must(wire.OpCreate, wiretest.Create(root+"/e", "", 1))
	c.Must(wire.OpGetData, wiretest.ReadWatch(root))
	c.Must(wire.OpGetChildren2, wiretest.ReadWatch(root))
	c.Call(wire.OpExists, wiretest.ReadWatch(root+"/none"))
	synced(t, s)
	sessions := map[string]int{}
	for i, addr := range s.servers {
		got := say(t, addr, "dump")
		const date = `\w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}`
		const leads, follows = `Session Sets \(\d+\)/\(\d+\):\n(\d+ expire at ` + date + `:\n(\t0x[0-9a-f]+\n)*)+`, `Global Sessions\(\d+\):\n(0x[0-9a-f]+\t\d+ms\n)+`
		matches(t, "dump", got, `SessionTracker dump:\n(`+leads+`|`+follows+`)ephemeral nodes dump:\nSessions with Ephemerals \(\d+\):\n(0x[0-9a-f]+:\n(\t/.*\n)+)+`+
			`Connections dump:\nConnections Sets \(\d+\)/\(\d+\):\n(\d+ expire at `+date+`:\n(\tip: /\S+:\d+ sessionId: 0x[0-9a-f]+\n)*)+`)
		if !strings.Contains(got, sid+":\n\t"+root+"/e\n") {
			t.Errorf("dump of server %d: no ephemeral znode of %s in %q", i+1, sid, got)
		}
		if strings.Contains(got, "Session Sets") {
			sessions["leader"] += strings.Count(got, "\t"+sid+"\n")
		} else {
			sessions["follower"] += strings.Count(got, sid+"\t20000ms\n")
		}
		equal(t, "connections of the session", strings.Count(got, "sessionId: "+sid+"\n"), map[bool]int{true: 1, false: 0}[i == 1])
	}
	equal(t, "the session, as told", sessions, map[string]int{"leader": 1, "follower": 2})
	byPath, bySession := say(t, s.servers[1], "wchp"), say(t, s.servers[1], "wchc")
	matches(t, "wchp", byPath, `(/\S*\n(\t0x[0-9a-f]+\n)+)+\n`)
	matches(t, "wchc", bySession, `(0x[0-9a-f]+\n(\t/\S*\n)+)+\n`)
	for _, path := range []string{root, root + "/none"} {
		if !strings.Contains(byPath, path+"\n\t"+sid+"\n") || strings.Count(bySession, "\t"+path+"\n") != 1 {
			t.Errorf("the watch on %s is not in %q and %q", path, byPath, bySession)
		}
	}
	matches(t, "wchs", say(t, s.servers[1], "wchs"), fmt.Sprintf("%d connections watching %d paths\nTotal watches:%d\n",
		strings.Count(bySession, "0x"), strings.Count(byPath, "/c")-strings.Count(byPath, "\t/"), strings.Count(byPath, "0x")))
}

// conformWordMonitor: every key of mntr is one of Apache ZooKeeper 3.9, the usual ones
// are there, and they say the same as others.
func conformWordMonitor(t *testing.T, s *subject) {
	c := s.connect(t, 2)
	root := s.root(t, c)
	for range 20 {
		c.Must(wire.OpSetData, &wire.SetDataRequest{Path: root, Data: []byte("1234567890"), Version: -1})
		c.Must(wire.OpGetData, wiretest.Read(root))
	}
	raw, err := os.ReadFile("../testdata/words/mntr-3.9.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(raw))
	synced(t, s)
	modes := map[string]int{}
	for i, addr := range s.servers {
		got := map[string]string{}
		for line := range strings.Lines(say(t, addr, "mntr")) {
			key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			if _, twice := got[key]; !ok || twice || key != "zk_version" && key != "zk_peer_state" && !regexp.MustCompile(`^(-?\d+|-?\d+\.\d{1,4}|leader|follower)$`).MatchString(value) {
				t.Errorf("mntr: line %q", line)
			}
			if got[key] = value; s.engine == "embedded" && key != "zk_followers" && !slices.Contains(known, key) {
				t.Errorf("mntr: Apache ZooKeeper knows no %s", key)
			}
		}
		usual := strings.Fields(`version server_state peer_state avg_latency min_latency max_latency packets_received packets_sent num_alive_connections outstanding_requests
			znode_count watch_count ephemerals_count approximate_data_size open_file_descriptor_count max_file_descriptor_count global_sessions local_sessions uptime quorum_size
			auth_failed_count connection_drop_count connection_rejected connection_request_count commit_count looking_count bytes_received_count stale_sessions_expired
			last_client_response_size min_client_response_size max_client_response_size request_throttle_wait_count
			avg_fsynctime cnt_fsynctime max_fsynctime min_fsynctime sum_fsynctime cnt_snapshottime cnt_election_time cnt_dbinittime
			cnt_readlatency p50_readlatency p95_readlatency p99_readlatency p999_readlatency cnt_updatelatency p99_updatelatency`)
		if got["zk_server_state"] == "leader" {
			usual = append(usual, strings.Fields("learners synced_followers leader_uptime last_proposal_size min_proposal_size max_proposal_size")...)
			equal(t, "synced followers", got["zk_synced_followers"], "2")
		}
		for _, key := range usual {
			if _, ok := got["zk_"+key]; !ok {
				t.Errorf("mntr of server %d: no %s", i+1, key)
			}
		}
		modes[got["zk_server_state"]+", "+got["zk_peer_state"]]++
		eventually(t, "mntr and srvr to count the same znodes", func() bool { // the ephemeral ones of others may end in between
			_, n, _ := strings.Cut(say(t, addr, "mntr"), "\nzk_znode_count\t")
			n, _, _ = strings.Cut(n, "\n")
			return strings.Contains(say(t, addr, "srvr"), "\nNode count: "+n+"\n")
		})
		for _, key := range []string{"zk_cnt_fsynctime", "zk_uptime"} {
			if got[key] == "0" {
				t.Errorf("%s is 0", key)
			}
		}
	}
	equal(t, "roles", modes, map[string]int{"leader, leading - broadcast": 1, "follower, following - broadcast": 2})
	equal(t, "srst", say(t, s.servers[2], "srst"), "Server stats reset.\n")
	matches(t, "mntr after srst", say(t, s.servers[2], "mntr"), `(?s).*\nzk_cnt_updatelatency\t0\n.*`)
}
