package server_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zooctl/zooctl/localcluster/server"
	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// allWords are those of Apache ZooKeeper 3.9 that are letters.
const allWords = "conf cons crst dirs dump envi gtmk hash isro mntr ruok srst srvr stat stmk wchc wchp wchs"

// TestWhitelist: which words are answered, by what 4lw.commands.whitelist says. The
// texts are what 3.9.4 said to the same configuration.
func TestWhitelist(t *testing.T) {
	for name, c := range map[string]struct {
		words []string
		ok    string
	}{
		"all by default": {nil, allWords}, "a star": {[]string{"*"}, allWords}, "a star among others": {[]string{"xxxx", " * "}, allWords},
		"none but srvr": {[]string{}, "srvr"}, "some": {[]string{"ruok", "mntr", "conf", " cons ", "xxxx"}, "ruok mntr conf cons srvr"},
	} {
		t.Run(name, func(t *testing.T) {
			e := startWith(t, 1, tick, func(_ int, cfg *server.Config) { cfg.Words = c.words })
			wiretest.Connect(t, e.clients[0], 2000)
			for _, w := range append(strings.Fields(allWords), "\xff\xf4\xff\xfd") {
				called := strings.Replace(w, "\xff\xf4\xff\xfd", "telnet close", 1)
				refusal := called + " is not executed because it is not in the whitelist.\n"
				got, err := wiretest.Word(e.clients[0], w)
				want := strings.Contains(c.ok, w) || c.ok == allWords
				if err != nil || (got == refusal) == want {
					t.Errorf("%q: %q, %v", w, got, err)
				}
			}
			if got, err := wiretest.Word(e.clients[0], "xxxx"); got != "" || err != nil {
				t.Errorf("no word was answered: %q, %v", got, err)
			}
		})
	}
}

// TestWordsWithoutLeader: what a server says that has no quorum.
func TestWordsWithoutLeader(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	wiretest.Connect(t, e.clients[0], 2000)
	e.stop(1)
	e.stop(2)
	const not = "This ZooKeeper instance is not currently serving requests"
	waitWord(t, e.clients[0], "srvr", not)
	for _, w := range strings.Fields(allWords) {
		want := not + "\n"
		switch w {
		case "ruok":
			want = "imok"
		case "isro":
			want = "null"
		case "hash":
			want = not
		case "gtmk":
			want = "306"
		case "stmk":
			want = ""
		case "envi":
			want = "Environment:\n"
		}
		got, err := wiretest.Word(e.clients[0], w)
		if err != nil || got != want && (w != "envi" || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: %q, %v; want %q", w, got, err, want)
		}
	}
}

// waitWord waits for a word's answer to have part in it.
func waitWord(t *testing.T, addr, w, part string) string {
	t.Helper()
	got := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if got, _ = wiretest.Word(addr, w); strings.Contains(got, part) {
			return got
		}
	}
	t.Fatalf("%s: %q, without %q", w, got, part)
	return ""
}

// value returns a number of mntr.
func value(t *testing.T, addr, key string) float64 {
	t.Helper()
	got, err := wiretest.Word(addr, "mntr")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^zk_` + key + `\t(\S+)$`).FindStringSubmatch(got)
	if m == nil {
		t.Fatalf("no %s in %q", key, got)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestFigures: what is counted is what happened.
func TestFigures(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	addr := e.clients[0]
	c := wiretest.Connect(t, addr, 2000)
	c.Must(wire.OpCreate, wiretest.Create("/a", "12345", 0))
	if got, err := wiretest.Word(addr, "srst"); got != "Server stats reset.\n" {
		t.Fatalf("srst: %q, %v", got, err)
	}
	for range 10 {
		c.Must(wire.OpSetData, &wire.SetDataRequest{Path: "/a", Data: []byte("123456"), Version: -1})
		c.Must(wire.OpGetData, wiretest.Read("/a"))
		c.Must(wire.OpExists, wiretest.Read("/a"))
	}
	other := wiretest.Connect(t, addr, 2000)
	_ = other.Conn.Close() // without a word
	waitWord(t, addr, "mntr", "zk_connection_drop_count\t1\n")
	closing := wiretest.Connect(t, addr, 2000)
	closing.Must(wire.OpCloseSession, nil)
	closing.Closed()
	waitWord(t, addr, "mntr", "zk_num_alive_connections\t2\n")
	big := wire.Frame(&wire.RequestHeader{Xid: 99, Op: wire.OpGetData}, wiretest.Read("/a"))
	if _, err := c.Conn.Write(big); err != nil {
		t.Fatal(err)
	}
	if r := c.Recv(); len(r.Body) != 4+6+68 {
		t.Fatalf("%d bytes of a reply", len(r.Body))
	}
	for key, want := range map[string]float64{
		"cnt_updatelatency": 10 + 2 + 1, "cnt_readlatency": 20 + 1, "commit_count": 10 + 2 + 1, "connection_request_count": 2, "connection_drop_count": 1,
		"znode_count": 5, "approximate_data_size": float64(len("/" + "/zookeeper" + "/zookeeper/quota" + "/zookeeper/config" + "/a" + "123456")),
		"last_client_response_size": 16 + 4 + 6 + 68, "global_sessions": 2, "auth_failed_count": 0, "looking_count": 0,
	} {
		if got := value(t, addr, key); got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
	if n := value(t, addr, "cnt_fsynctime"); n < 10 {
		t.Errorf("%v fsyncs for ten writes one after another", n)
	}
	lo, avg, hi := value(t, addr, "min_latency"), value(t, addr, "avg_latency"), value(t, addr, "max_latency")
	if avg <= 0 || lo > avg || avg > hi+1 {
		t.Errorf("latency %v/%v/%v", lo, avg, hi)
	}
}

// TestElectionsCounted: a server that loses its leader and finds another has looked for
// one, and knows for how long.
func TestElectionsCounted(t *testing.T) {
	e := startEnsemble(t, 3, tick)
	wiretest.Connect(t, e.clients[0], 2000)
	leader := -1
	for i, addr := range e.clients {
		if got := waitWord(t, addr, "srvr", "Mode: "); strings.Contains(got, "Mode: leader") {
			leader = i
		}
	}
	other := e.clients[(leader+1)%3]
	before, looked := value(t, other, "cnt_election_time"), value(t, other, "looking_count")
	if before < 1 || looked < before {
		t.Errorf("%v elections after the first, looked %v times", before, looked)
	}
	e.stop(leader)
	wiretest.Connect(t, other, 2000)
	if n, took := value(t, other, "cnt_election_time"), value(t, other, "sum_election_time"); n <= before || took <= 0 {
		t.Errorf("%v elections after another, %v ms in all", n, took)
	}
	if n := value(t, other, "looking_count"); n <= looked {
		t.Errorf("looked %v times", n)
	}
}

// TestWordsForLibraries: what go-zookeeper's own functions read from the words.
func TestWordsForLibraries(t *testing.T) {
	e := startEnsemble(t, 1, tick)
	c := wiretest.Connect(t, e.clients[0], 2000)
	c.Must(wire.OpCreate, wiretest.Create("/a", "x", 0))
	if ok := zk.FLWRuok(e.clients, patience); len(ok) != 1 || !ok[0] {
		t.Errorf("FLWRuok: %v", ok)
	}
	all, _ := zk.FLWCons(e.clients, patience) // the connection that asks has no session, which it does not expect
	for _, s := range all {
		if len(s.Clients) != 1 || s.Clients[0].SessionID != c.Resp.SessionID || s.Clients[0].LastOperation != "CREA" || s.Clients[0].Timeout != 2000 {
			t.Errorf("FLWCons: %+v", s.Clients)
		}
	}
}
