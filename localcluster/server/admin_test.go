package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// administered is an ensemble with AdminServers.
type administered struct {
	*ensemble
	admins, metrics []string
}

func startAdmin(t *testing.T, n int, more func(*server.Config)) *administered {
	t.Helper()
	a := &administered{admins: make([]string, n), metrics: make([]string, n)}
	a.ensemble = startWith(t, n, tick, func(i int, cfg *server.Config) {
		cfg.AdminInterval = -1
		more(cfg)
		cfg.Admin, cfg.Metrics = listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
		a.admins[i], a.metrics[i] = "http://"+cfg.Admin.Addr().String(), "http://"+cfg.Metrics.Addr().String()
	})
	return a
}

func asIs(*server.Config) {}

// ask sends one request and returns the answer with its body.
func ask(t *testing.T, method, url, auth string, body []byte) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// TestAdminRequests: codes and texts of Apache ZooKeeper 3.9.4, byte for byte. Where it
// fails within (a GET command that is posted, and the other way round) it is told that
// the method is wrong.
func TestAdminRequests(t *testing.T) {
	e := startAdmin(t, 1, asIs)
	c := wiretest.Connect(t, e.clients[0], 2000)
	const digest = "digest a:b"
	for _, x := range []struct {
		method, path, auth string
		status             int
		body               string
	}{
		{"GET", "/commands/ruok", "", 200, "{\n  \"command\" : \"ruok\",\n  \"error\" : null\n}"},
		{"HEAD", "/commands/ruok", "", 200, ""},
		{"GET", "/commands/ruok/", "", 200, "{\n  \"command\" : \"ruok/\",\n  \"error\" : \"Unknown command: ruok/\"\n}"},
		{"GET", "/commands/%3Cb%3E", "", 200, "{\n  \"command\" : \"<b>\",\n  \"error\" : \"Unknown command: <b>\"\n}"},
		{"POST", "/commands/nothing", "", 200, "{\n  \"command\" : \"nothing\",\n  \"error\" : \"Unknown command: nothing\"\n}"},
		{"PUT", "/commands/ruok", "", 405, ""}, {"DELETE", "/commands/ruok", "", 405, ""}, {"TRACE", "/commands/ruok", "", 403, ""}, {"OPTIONS", "/commands/ruok", "", 200, ""},
		{"POST", "/commands/ruok", "", 405, "{\n  \"command\" : \"ruok\",\n  \"error\" : \"This command is for GET, HEAD\"\n}"},
		{"GET", "/commands/restore", digest, 405, "{\n  \"command\" : \"restore\",\n  \"error\" : \"This command is for POST\"\n}"},
		{"POST", "/commands/snapshot", digest, 405, "{\n  \"command\" : \"snapshot\",\n  \"error\" : \"This command is for GET, HEAD\"\n}"},
		{"GET", "/", "", 404, "404 page not found\n"}, {"GET", "/commandsx", "", 404, "404 page not found\n"},
		{"GET", "/commands/gtmk", "", 200, "{\n  \"tracemask\" : 306,\n  \"command\" : \"get_trace_mask\",\n  \"error\" : null\n}"},
		{"GET", "/commands/set_trace_mask", "", 200, "{\n  \"error\" : \"setTraceMask requires long traceMask argument\",\n  \"command\" : \"set_trace_mask\"\n}"},
		{"GET", "/commands/stmk?traceMask=x", "", 200, "{\n  \"error\" : \"setTraceMask requires long traceMask argument, got x\",\n  \"command\" : \"set_trace_mask\"\n}"},
		{"GET", "/commands/stmk?traceMask=307", "", 200, "{\n  \"tracemask\" : 307,\n  \"command\" : \"set_trace_mask\",\n  \"error\" : null\n}"},
		{"GET", "/commands/leader", "", 200, "{\n  \"error\" : \"server is not initialized\",\n  \"command\" : \"leader\"\n}"},
		{"GET", "/commands/zabstate", "", 200, "{\n  \"voting\" : false,\n  \"zabstate\" : \"\",\n  \"command\" : \"zabstate\",\n  \"error\" : null\n}"},
		{"GET", "/commands/hash", "", 200, "{\n  \"digests\" : [ ],\n  \"command\" : \"hash\",\n  \"error\" : null\n}"},
		{"GET", "/commands/voting_view", "", 200, "{\n  \"current_config\" : { },\n  \"command\" : \"voting_view\",\n  \"error\" : null\n}"},
		{"GET", "/commands/last_snapshot", "", 200, "{\n  \"zxid\" : \"ffffffffffffffff\",\n  \"timestamp\" : -1,\n  \"command\" : \"last_snapshot\",\n  \"error\" : null\n}"},
		{"GET", "/commands/snapshot", "", 401, "{\n  \"command\" : \"snapshot\",\n  \"error\" : \"Auth info is missing for the command\"\n}"},
		{"GET", "/commands/snapshot", "digest", 401, "{\n  \"command\" : \"snapshot\",\n  \"error\" : \"Not authenticated\"\n}"},
		{"GET", "/commands/snapshot", "nosuch a:b", 401, "{\n  \"command\" : \"snapshot\",\n  \"error\" : \"Not authenticated\"\n}"},
		{"GET", "/commands/snapshot", "digest a b", 401, "{\n  \"command\" : \"snapshot\",\n  \"error\" : \"Not authenticated\"\n}"},
		{"GET", "/commands/snapshot?streaming=false", digest, 200, "{\n  \"command\" : \"snapshot\",\n  \"error\" : null\n}"},
		{"POST", "/commands/restore", "", 401, "{\n  \"command\" : \"restore\",\n  \"error\" : \"Auth info is missing for the command\"\n}"},
		{"POST", "/commands/restore", digest, 500, "{\n  \"command\" : \"restore\",\n  \"error\" : null\n}"},
	} {
		res, body := ask(t, x.method, e.admins[0]+x.path, x.auth, nil)
		if res.StatusCode != x.status || body != x.body {
			t.Errorf("%s %s (%q): %d %q, want %d %q", x.method, x.path, x.auth, res.StatusCode, body, x.status, x.body)
		}
	}
	if n := value(t, e.clients[0], "auth_failed_count"); n != 3 {
		t.Errorf("%v failed authentications, want 3", n)
	}
	res, index := ask(t, "GET", e.admins[0]+"/commands", "", nil)
	if !strings.HasPrefix(index, "<a href=\"/commands/configuration\">configuration</a>\n<br/>\n<a href=\"/commands/connection_stat_reset\">") || strings.Count(index, "\n<br/>\n") != 28 {
		t.Errorf("index: %q, %v", index, res.Header)
	}
	// What is asked of a connection.
	c.Must(wire.OpCreate, wiretest.Create("/w", "", 1))
	c.Must(wire.OpGetData, wiretest.ReadWatch("/w"))
	sid := fmt.Sprint(c.Resp.SessionID)
	for path, want := range map[string]string{
		"connections": "{\n  \"connections\" : [ {\n    \"remote_socket_address\" : \"" + c.Conn.LocalAddr().String() + "\",\n    \"interest_ops\" : 1,",
		"watches":     "{\n  \"session_id_to_watched_paths\" : {\n    \"" + sid + "\" : [ \"/w\" ]\n  },\n", "wchp": "{\n  \"path_to_session_ids\" : {\n    \"/w\" : [ " + sid + " ]\n  },\n",
		"wchs": "{\n  \"num_connections\" : 1,\n  \"num_paths\" : 1,\n  \"num_total_watches\" : 1,\n", "dump": "\"session_id_to_ephemeral_paths\" : {\n    \"" + sid + "\" : [ \"/w\" ]\n  },\n",
	} {
		if _, body := ask(t, "GET", e.admins[0]+"/commands/"+path, "", nil); !strings.Contains(body, want) {
			t.Errorf("%s: %q, without %q", path, body, want)
		}
	}
}

// TestAdminWithoutLeader: most commands need one, and say so.
func TestAdminWithoutLeader(t *testing.T) {
	e := startAdmin(t, 3, asIs)
	wiretest.Connect(t, e.clients[0], 2000)
	e.stop(1)
	e.stop(2)
	waitWord(t, e.clients[0], "srvr", "not currently serving")
	for path, want := range map[string]string{
		"srvr": "{\n  \"command\" : \"srvr\",\n  \"error\" : \"This ZooKeeper instance is not currently serving requests\"\n}", "ruok": "not currently serving requests",
		"snapshot": "not currently serving requests", "env": "zookeeper.version", "gtmk": "306", "zabstate": "\"zabstate\" : \"\"", "mntr": "\"server_state\"", "sysp": "\"system_properties\"",
	} {
		if res, body := ask(t, "GET", e.admins[0]+"/commands/"+path, "", nil); res.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %q, without %q", path, res.StatusCode, body, want)
		}
	}
}

// TestSnapshotAndRestore: a snapshot that is put back through a follower is what every
// server has then, and after a restart; zxids go on growing.
func TestSnapshotAndRestore(t *testing.T) {
	e := startAdmin(t, 3, asIs)
	c := wiretest.Connect(t, e.clients[0], 10_000)
	c.Must(wire.OpCreate, wiretest.Create("/a", "before", 0))
	for i := range 40 {
		c.Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/a/%d", i), strings.Repeat("x", 100_000), 0))
	}
	last := c.Must(wire.OpCreate, wiretest.Create("/a/e", "", 1)).Zxid
	res, snap := ask(t, "GET", e.admins[0]+"/commands/snapshot", "digest a:b", nil)
	if res.StatusCode != http.StatusOK || res.Header.Get("last_zxid") != fmt.Sprintf("0x%x", last) || res.Header.Get("snapshot_size") != fmt.Sprint(len(snap)) ||
		res.Header.Get("Content-Type") != "application/octet-stream" || len(snap) < 4_000_000 {
		t.Fatalf("snapshot: %d, %v, %d bytes", res.StatusCode, res.Header, len(snap))
	}
	if left, _ := filepath.Glob(filepath.Join(e.dirs[0], "admin-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	c.Must(wire.OpSetData, &wire.SetDataRequest{Path: "/a", Data: []byte("after"), Version: -1})
	after := c.Must(wire.OpCreate, wiretest.Create("/b", "", 0)).Zxid
	for name, bad := range map[string]string{"nothing": "", "noise": "garbage", "cut off": snap[:len(snap)-1], "too much": snap + "x", "changed": snap[:50_000] + "!" + snap[50_001:]} {
		if res, _ := ask(t, "POST", e.admins[1]+"/commands/restore", "digest a:b", []byte(bad)); res.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s was put back: %d", name, res.StatusCode)
		}
	}
	c.Must(wire.OpExists, wiretest.Read("/b")) // and this session is still alive
	follower := 0
	for i, addr := range e.clients {
		if strings.Contains(waitWord(t, addr, "srvr", "Mode: "), "Mode: follower") {
			follower = i
		}
	}
	res, body := ask(t, "POST", e.admins[follower]+"/commands/restore", "digest a:b", []byte(snap))
	var said struct {
		Last int64 `json:"last_zxid"`
	}
	if err := json.Unmarshal([]byte(body), &said); err != nil || res.StatusCode != http.StatusOK || said.Last <= after {
		t.Fatalf("restore: %d %q, %v; the last zxid before was 0x%x", res.StatusCode, body, err, after)
	}
	c.Closed()
	check := func() {
		t.Helper()
		for i, addr := range e.clients {
			c := wiretest.Connect(t, addr, 2000)
			c.Must(wire.OpSync, &wire.PathRequest{Path: "/"})
			got, _ := wiretest.Data(t, c.Must(wire.OpGetData, wiretest.Read("/a")))
			if b := c.Call(wire.OpExists, wiretest.Read("/b")); got != "before" || b.Err != wire.CodeNoNode || b.Zxid <= after {
				t.Errorf("server %d: /a is %q, /b: %v, zxid 0x%x", i+1, got, b.Err, b.Zxid)
			}
			if z := c.Must(wire.OpSetData, &wire.SetDataRequest{Path: "/a", Data: []byte("before"), Version: -1}).Zxid; z <= said.Last {
				t.Errorf("server %d: zxid 0x%x after 0x%x", i+1, z, said.Last)
			}
		}
	}
	check()
	// The session was alive in the snapshot, so that its client may come back with it.
	back, err := wiretest.Dial(t, e.clients[2])
	if err == nil {
		err = back.Hello(wire.ConnectRequest{SessionID: c.Resp.SessionID, Password: c.Resp.Password, Timeout: 10_000})
	}
	if err != nil {
		t.Fatal(err)
	}
	back.Must(wire.OpExists, wiretest.Read("/a/e"))
	for i := range e.servers {
		e.stop(i)
	}
	for i := range e.servers {
		e.restart(i)
	}
	check()
	if n := value(t, e.clients[1], "restore_error_count") + value(t, e.clients[0], "restore_error_count"); n != 0 {
		t.Errorf("%v errors are remembered after a restart", n)
	}
}

// TestRestoreFromAhead: a snapshot of an ensemble that has come further takes the zxids
// along, and they never fall.
func TestRestoreFromAhead(t *testing.T) {
	far := startAdmin(t, 1, asIs)
	for range 3 { // each start is a term
		far.stop(0)
		far.restart(0)
	}
	c := wiretest.Connect(t, far.clients[0], 2000)
	ahead := c.Must(wire.OpCreate, wiretest.Create("/far", "", 0)).Zxid
	_, snap := ask(t, "GET", far.admins[0]+"/commands/snapshot", "digest a:b", nil)
	near := startAdmin(t, 1, asIs)
	wiretest.Connect(t, near.clients[0], 2000)
	if res, body := ask(t, "POST", near.admins[0]+"/commands/restore", "digest a:b", []byte(snap)); res.StatusCode != http.StatusOK {
		t.Fatalf("restore: %d %q", res.StatusCode, body)
	}
	last := ahead
	for i := range 3 {
		c := wiretest.Connect(t, near.clients[0], 2000)
		if z := c.Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/near%d", i), "", 0)).Zxid; z <= last {
			t.Errorf("zxid 0x%x after 0x%x", z, last)
		} else {
			last = z
		}
		near.stop(0)
		near.restart(0)
	}
}

// TestAdminLimits: one snapshot and one restore in each interval, none where they are
// switched off, and no more bytes than are allowed.
func TestAdminLimits(t *testing.T) {
	e := startAdmin(t, 1, func(cfg *server.Config) { cfg.AdminInterval = time.Hour })
	wiretest.Connect(t, e.clients[0], 2000)
	for i, want := range []int{200, 429, 429} {
		if res, _ := ask(t, "GET", e.admins[0]+"/commands/snapshot", "ip", nil); res.StatusCode != want {
			t.Errorf("snapshot %d: %d, want %d", i+1, res.StatusCode, want)
		}
	}
	for i, want := range []int{500, 429} {
		if res, _ := ask(t, "POST", e.admins[0]+"/commands/restore", "ip", nil); res.StatusCode != want {
			t.Errorf("restore %d: %d, want %d", i+1, res.StatusCode, want)
		}
	}
	for key, want := range map[string]float64{"snapshot_rate_limited_count": 2, "restore_rate_limited_count": 1, "restore_error_count": 1, "snapshot_error_count": 0} {
		if got := value(t, e.clients[0], key); got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
	off := startAdmin(t, 1, func(cfg *server.Config) { cfg.NoSnapshot, cfg.NoRestore = true, true })
	wiretest.Connect(t, off.clients[0], 2000)
	for method, path := range map[string]string{"GET": "snapshot", "POST": "restore"} {
		if res, _ := ask(t, method, off.admins[0]+"/commands/"+path, "ip", nil); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d where it is switched off", path, res.StatusCode)
		}
	}
	open := startAdmin(t, 1, func(cfg *server.Config) { cfg.AdminPath = "/zk/" })
	wiretest.Connect(t, open.clients[0], 2000)
	if res, _ := ask(t, "POST", open.admins[0]+"/zk/restore", "ip", make([]byte, 60<<20+1)); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("61 MiB were taken: %d", res.StatusCode)
	}
	if res, _ := ask(t, "GET", open.admins[0]+"/zk/"+strings.Repeat("x", 20_000), "", nil); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 20 kB was taken: %d", res.StatusCode)
	}
}

// TestAdminEnds: a server that is stopped waits for no client of its AdminServer, and
// removes what an earlier one left.
func TestAdminEnds(t *testing.T) {
	e := startAdmin(t, 1, asIs)
	c := wiretest.Connect(t, e.clients[0], 2000)
	for i := range 100 {
		c.Must(wire.OpCreate, wiretest.Create(fmt.Sprintf("/%d", i), strings.Repeat("x", 200_000), 0))
	}
	nc, err := net.Dial("tcp", strings.TrimPrefix(e.admins[0], "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := io.WriteString(nc, "GET /commands/snapshot HTTP/1.1\r\nHost: x\r\nAuthorization: ip\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Read(make([]byte, 1)); err != nil { // 20 MB are under way, and nobody reads them
		t.Fatal(err)
	}
	began := time.Now()
	e.stop(0)
	t.Logf("stopped after %v", time.Since(began))
	if err := os.WriteFile(filepath.Join(e.dirs[0], "admin-snapshot-1.tmp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e.restart(0)
	if left, _ := filepath.Glob(filepath.Join(e.dirs[0], "admin-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestMetrics: the names that Apache ZooKeeper's own alert rules and its board for
// Grafana ask for are there, in Prometheus's format, with what mntr says.
func TestMetrics(t *testing.T) {
	e := startAdmin(t, 3, asIs)
	c := wiretest.Connect(t, e.clients[0], 2000)
	c.Must(wire.OpCreate, wiretest.Create("/a", "12345", 0))
	c.Must(wire.OpGetData, wiretest.ReadWatch("/a"))
	leaders := 0
	for i, url := range e.metrics {
		waitWord(t, e.clients[i], "mntr", "zk_znode_count\t5\n")
		res, body := ask(t, "GET", url+"/metrics", "", nil)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
			t.Fatalf("%d, %v", res.StatusCode, res.Header)
		}
		line := regexp.MustCompile(`^[a-z_]+(_count|_sum|\{quantile="0\.\d+"\})? (NaN|-?\d+(\.\d+)?(e[+-]\d+)?)$`)
		have := map[string]string{}
		for l := range strings.Lines(body) {
			l = strings.TrimSuffix(l, "\n")
			if !line.MatchString(l) && !strings.HasPrefix(l, "go_") && !strings.HasPrefix(l, "process_") {
				t.Errorf("line %q", l)
			}
			name, value, _ := strings.Cut(l, " ")
			if _, twice := have[name]; twice {
				t.Errorf("%s is there twice", name)
			}
			have[name] = value
		}
		names := strings.Fields(`znode_count num_alive_connections approximate_data_size watch_count election_time_count open_file_descriptor_count fsynctime_sum fsynctime_count
			snapshottime_sum avg_latency min_latency max_latency outstanding_requests packets_received packets_sent ephemerals_count quorum_size uptime global_sessions
			readlatency{quantile="0.5"} readlatency{quantile="0.9"} readlatency{quantile="0.99"} readlatency_count readlatency_sum updatelatency{quantile="0.99"} election_time_sum
			connection_drop_count connection_rejected auth_failed_count stale_sessions_expired commit_count looking_count process_open_fds`)
		if have["synced_followers"] != "" {
			leaders++
			names = append(names, "learners", "leader_uptime", "last_proposal_size", "max_proposal_size", "min_proposal_size")
		}
		for _, n := range names {
			if _, ok := have[n]; !ok && (n != "process_open_fds" || os.PathSeparator == '/' && isDir("/proc/self")) {
				t.Errorf("server %d: no %s in\n%s", i+1, n, body)
			}
		}
		if have["znode_count"] != "5" || have["quorum_size"] != "3" || have["election_time_count"] == "0" {
			t.Errorf("server %d: %s znodes, %s servers, %s elections", i+1, have["znode_count"], have["quorum_size"], have["election_time_count"])
		}
		if want := map[bool]string{true: "1", false: "0"}[i == 0]; have["watch_count"] != want || i == 0 && have["updatelatency_count"] != "2" {
			t.Errorf("server %d: %s watches, %s writes", i+1, have["watch_count"], have["updatelatency_count"])
		}
		if res, _ := ask(t, "GET", url+"/other", "", nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("/other: %d", res.StatusCode)
		}
	}
	if leaders != 1 {
		t.Errorf("%d leaders", leaders)
	}
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
