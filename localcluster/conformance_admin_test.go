package localcluster_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

var updateAdmin = flag.Bool("update", false, "rewrite the shapes of Apache ZooKeeper's admin commands from the one that runs")

const adminShapes = "../testdata/words/admin-3.9.txt"

// askable are the admin commands whose answers are compared: all that are read without a
// permission, and that say the same of a server in every run.
const askable = "configuration connection_stat_reset connections dirs dump environment get_trace_mask hash initial_configuration is_read_only last_snapshot leader " +
	"observers observer_connection_stat_reset ruok server_stats set_trace_mask?traceMask=306 stat_reset stats voting_view watch_summary watches watches_by_path zabstate nothing"

// ours tells which lines are not there in an embedded server: what it does not know.
var ours = regexp.MustCompile(`\.(non_mtls\w+|fsync_\w+) |zabstate \.election_address|voting_view \.current_config\.\*\.election_addresses\[\] `)

// noElections is what only an embedded server says: it elects on the address on which it
// is a peer.
const noElections = "three voting_view .current_config.*.election_addresses []"

// TestAdmin compares the answers of AdminServers with those of 3.9.4, key by key and in
// kind: a server alone, and one of three, each with a client that watches. 3.9.4 itself
// is held to them where ZOOKEEPER_HOME names it; the AdminServer of 3.8 knows less.
func TestAdmin(t *testing.T) {
	raw, err := os.ReadFile(adminShapes)
	if err != nil && !*updateAdmin {
		t.Fatal(err)
	}
	golden := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for _, engine := range engines() {
		if engine == "apache" && os.Getenv("ZOOKEEPER_HOME") == "" {
			continue
		}
		t.Run(engine, func(t *testing.T) {
			start := startEmbeddedAdmin
			if engine == "apache" {
				start = startApacheAdmin
			}
			got := map[string]bool{}
			for kind, n := range map[string]int{"alone": 1, "three": 3} {
				clients, admins := start(t, n)
				c := wiretest.Connect(t, clients[0], 20_000)
				c.Must(wire.OpCreate, wiretest.Create("/e", "", 1))
				c.Must(wire.OpGetData, wiretest.ReadWatch("/e"))
				for _, base := range admins {
					for _, name := range strings.Fields(askable) {
						shape(kind+" "+strings.Split(name, "?")[0]+" ", answer(t, base+"/commands/"+name), got)
					}
				}
			}
			// When sessions expire depends on the moment.
			lines := slices.DeleteFunc(slices.Sorted(maps.Keys(got)), func(l string) bool { return strings.Contains(l, ".expiry_time_to_session_ids") })
			if *updateAdmin && engine == "apache" {
				if err := os.WriteFile(adminShapes, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, l := range lines {
				if !slices.Contains(golden, l) && (engine == "apache" || l != noElections) {
					t.Errorf("3.9.4 does not say: %s", l)
				}
			}
			for _, l := range golden {
				if !got[l] && (engine == "apache" || !ours.MatchString(l)) {
					t.Errorf("not said: %s", l)
				}
			}
		})
	}
}

// answer returns what a command says, as it is in JSON.
func answer(t *testing.T, url string) any {
	t.Helper()
	res, err := http.Get(url) //nolint:noctx // the server is this test's
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s: %d, %v: %q", url, res.StatusCode, err, body)
	}
	return v
}

// shape adds a line for each scalar in v: where it is, and what kind it is of. Keys that
// are data (a path, a number) are a star.
func shape(at string, v any, to map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			to[at+"{}"] = true
		}
		for k, x := range v {
			if strings.HasPrefix(k, "/") || regexp.MustCompile(`^\d+$`).MatchString(k) {
				k = "*"
			}
			shape(strings.TrimSuffix(at, " ")+map[bool]string{true: " .", false: "."}[strings.Count(at, " ") == 2]+k+" ", x, to)
		}
	case []any:
		if len(v) == 0 {
			to[at+"[]"] = true
		}
		for _, x := range v {
			shape(strings.TrimSuffix(at, " ")+"[] ", x, to)
		}
	default:
		to[at+fmt.Sprintf("%T", v)] = true
	}
}

func startEmbeddedAdmin(t *testing.T, n int) (clients, admins []string) {
	t.Helper()
	var cfgs []server.Config
	var peers []server.Peer
	for i := range n {
		cfg := server.Config{ID: uint64(i + 1), DataDir: t.TempDir(), Client: anyPort(t), Peer: anyPort(t), Admin: anyPort(t), Secret: []byte("of this test")}
		peers = append(peers, server.Peer{ID: cfg.ID, Addr: cfg.Peer.Addr().String()})
		clients, admins = append(clients, cfg.Client.Addr().String()), append(admins, "http://"+cfg.Admin.Addr().String())
		cfgs = append(cfgs, cfg)
	}
	for _, cfg := range cfgs {
		cfg.Peers = peers
		if n == 1 { // as Apache ZooKeeper, which shows the file of a server that stands alone
			cfg.Initial = "tickTime=2000\n"
		}
		s, err := server.Start(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	serving(t, clients)
	return clients, admins
}

func anyPort(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serving waits until all servers serve.
func serving(t *testing.T, clients []string) {
	t.Helper()
	for _, addr := range clients {
		eventually(t, addr+" to serve", func() bool {
			got, err := wiretest.Word(addr, "srvr")
			return err == nil && strings.Contains(got, "Mode: ")
		})
	}
}

// apacheJars returns the class path of Apache ZooKeeper with what its AdminServer needs.
func apacheJars(t *testing.T) string {
	t.Helper()
	home := os.Getenv("ZOOKEEPER_HOME")
	for _, dir := range []string{filepath.Join(home, "lib"), home} {
		if found, _ := filepath.Glob(filepath.Join(dir, "jetty-server-*.jar")); len(found) > 0 {
			return filepath.Join(dir, "*")
		}
	}
	t.Fatalf("%s has no Jetty, which the AdminServer needs: 'make tools' installs it", home)
	return ""
}

// startApacheAdmin starts servers of Apache ZooKeeper with AdminServers. Their ports were
// free a moment ago.
func startApacheAdmin(t *testing.T, n int) (clients, admins []string) {
	t.Helper()
	cp := apacheJars(t)
	port := func() string {
		l := anyPort(t)
		defer l.Close()
		_, p, _ := net.SplitHostPort(l.Addr().String())
		return p
	}
	members := ""
	dirs := make([]string, n)
	for i := range n {
		dirs[i] = t.TempDir()
		if n > 1 {
			members += fmt.Sprintf("server.%d=127.0.0.1:%s:%s\n", i+1, port(), port())
		}
	}
	for i, dir := range dirs {
		client, admin := port(), port()
		clients, admins = append(clients, "127.0.0.1:"+client), append(admins, "http://127.0.0.1:"+admin)
		for name, text := range map[string]string{
			"myid": fmt.Sprintln(i + 1),
			"zoo.cfg": fmt.Sprintf("tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=%s\nclientPort=%s\nclientPortAddress=127.0.0.1\nadmin.serverAddress=127.0.0.1\n"+
				"admin.serverPort=%s\n4lw.commands.whitelist=*\n%s", dir, client, admin, members),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("java", "-Xmx200m", "-XX:TieredStopAtLevel=1", "-cp", cp, "org.apache.zookeeper.server.quorum.QuorumPeerMain", filepath.Join(dir, "zoo.cfg"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill() // it may have ended by itself
			_ = cmd.Wait()
		})
	}
	serving(t, clients)
	return clients, admins
}
