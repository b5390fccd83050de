package main

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/clustertest"
)

func TestSplice(t *testing.T) {
	const before = "# A\n<!-- commands -->\nx\n<!-- end -->\n" + figuresBegin + "old\nfigures\n<!-- end -->\nmore\n<!-- end -->\n"
	const want = "# A\n<!-- commands -->\nx\n<!-- end -->\n" + figuresBegin + "| new |\n<!-- end -->\nmore\n<!-- end -->\n"
	got, err := splice(before, "| new |\n")
	if err != nil || got != want {
		t.Errorf("splice: %q, %v", got, err)
	}
	again, err := splice(got, "| new |\n")
	if err != nil || again != got {
		t.Errorf("the second time: %q, %v", again, err)
	}
	if got, err := splice(figuresBegin+figuresEnd, "a\nb"); err != nil || got != figuresBegin+"a\nb\n"+figuresEnd {
		t.Errorf("into an empty place: %q, %v", got, err)
	}
}

func TestReplaceFiguresWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "README.md")
	for _, bad := range []string{"no mark at all\n", "<!-- end -->\n" + figuresBegin + "no end\n"} {
		if err := os.WriteFile(file, []byte(bad), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := canReplace(file); err == nil {
			t.Errorf("%q was thought to have a place for figures", bad)
		}
		if err := replaceFigures(file, "x"); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: error %v", bad, err)
		}
		if got, _ := os.ReadFile(file); string(got) != bad {
			t.Errorf("%q became %q", bad, got)
		}
	}
	if err := os.WriteFile(file, []byte("a\n"+figuresBegin+"b\n"+figuresEnd+"\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(canReplace(file), replaceFigures(file, "| 1 |\n")); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != "a\n"+figuresBegin+"| 1 |\n"+figuresEnd+"\n" {
		t.Errorf("%q", got)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("left in the directory: %v, %v", names, err)
	}
}

// TestReadme holds the README to the marks that 'make bench' looks for.
func TestReadme(t *testing.T) {
	if err := canReplace("../../README.md"); err != nil {
		t.Error(err)
	}
}

func TestMedianAndRatio(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{{[]float64{7}, 7}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.in); got != c.want {
			t.Errorf("median of %v is %v", c.in, got)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("there is a median of nothing")
	}
	// The median of the ratios of the rounds, not the ratio of the medians, which
	// would be 20/4 here.
	if got, want := ratioOf([]float64{10, 20, 90}, []float64{5, 2, 4}), "**10** (2.0–22)"; got != want {
		t.Errorf("ratio %q, want %q", got, want)
	}
	if got := ratioOf([]float64{1}, []float64{3}); got != "0.33" {
		t.Errorf("of one round: %q", got)
	}
	if got := ratioOf([]float64{1}, nil); got != "–" {
		t.Errorf("of no round: %q", got)
	}
	sorted := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if a, b, c := quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1); a != 6 || b != 10 || c != 10 {
		t.Errorf("quantiles %v %v %v", a, b, c)
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{perSecond.format(84_312.4), "84,300/s"}, {perSecond.format(999.6), "1,000/s"}, {perSecond.format(1_234_567), "1,230,000/s"}, {perSecond.format(42), "42/s"},
		{seconds.format(0.0000421), "0.042 ms"}, {seconds.format(0.0012), "1.20 ms"}, {seconds.format(0.0563), "56.3 ms"}, {seconds.format(1.2004), "1200 ms"},
		{memoryUse.format(15.4 * (1 << 20)), "15 MiB"}, {number(0.0182), "0.018"}, {number(0.289), "0.29"}, {number(1.44), "1.4"}, {number(math.NaN()), "–"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	var r results
	for _, round := range []struct {
		engine    string
		up, rate  float64
		p50, p99  time.Duration
		lastTitle string
	}{
		{embedded, 0.030, 60_000, 4 * time.Millisecond, 9 * time.Millisecond, "embedded"},
		{apache, 1.2, 15_000, 15 * time.Millisecond, 40 * time.Millisecond, "Apache ZooKeeper 3.8.0"},
		{embedded, 0.040, 80_000, 2 * time.Millisecond, 7 * time.Millisecond, "embedded"},
		{apache, 1.0, 16_000, 17 * time.Millisecond, 42 * time.Millisecond, "Apache ZooKeeper 3.8.0"},
	} {
		f := &figures{title: round.lastTitle}
		f.add("up", seconds, round.up)
		f.add("create", perSecond, round.rate, round.p50, round.p99)
		r.add(round.engine, f)
	}
	want := `| three servers | embedded | Apache ZooKeeper 3.8.0 | ratio |
|---|---|---|---|
| up | 35.0 ms | 1100 ms | **0.033** (0.025–0.040) |
| create | 70,000/s (p50 3.00 ms, p99 8.00 ms) | 15,500/s (p50 16.0 ms, p99 41.0 ms) | **4.5** (4.0–5.0) |
`
	if got := r.table([]string{embedded, apache}); got != want {
		t.Errorf("table:\n%swant:\n%s", got, want)
	}
	alone := "| three servers | embedded |\n|---|---|\n| up | 35.0 ms |\n| create | 70,000/s (p50 3.00 ms, p99 8.00 ms) |\n"
	if got := r.table([]string{embedded}); got != alone {
		t.Errorf("table of one engine:\n%swant:\n%s", got, alone)
	}
}

func TestCommandTable(t *testing.T) {
	if got := commandTable(nil); got != "" {
		t.Errorf("without commands: %q", got)
	}
	got := commandTable([]command{
		{title: "small", runs: 3, times: []float64{0.004, 0.005, 0.006}},
		{title: "get", runs: 3, times: []float64{0.006, 0.006, 0.012}},
		{title: "cli", runs: 1, times: []float64{0.4}},
	})
	for _, line := range []string{"| small | 5.00 ms | 1 | – |\n", "| get | 6.00 ms | **1.5** | 2.00 ms |\n", "| cli | 400 ms | **100** | 396 ms |\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}
}

func TestParse(t *testing.T) {
	for _, args := range [][]string{
		{"-rounds", "0"}, {"-engines", "etcd"}, {"-engines", "embedded,apache,apache"}, {"-only", "nothing"}, {"-duration", "0s"}, {"extra"},
		{"-readme", "R", "-only", "load"}, {"-readme", "R", "-engines", "embedded"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	o, err := parse([]string{"-only", "load,ready", "-engines", "apache"})
	if err != nil || !o.wants(partLoad) || o.wants(partFailover) || o.rounds != 5 || o.duration != 3*time.Second {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestPSS(t *testing.T) {
	const rollup = "00400000-7ffe rwxp 00000000 00:00 0 [rollup]\nRss:    900 kB\nPss:    100 kB\nPss_Anon:   60 kB\n"
	if n, err := sumPSS([]byte(rollup), ""); err != nil || n != 100<<10 {
		t.Errorf("rollup: %d, %v", n, err)
	}
	const maps = "00400000-00500000 r-xp 00000000 08:01 7 /bin/a b\nPss:  8 kB\nVmFlags: rd ex\n" +
		"00500000-00600000 r--p 00100000 08:01 7 /bin/a b\nPss:  4 kB\nc000000000-c000400000 rw-p 00000000 00:00 0\nPss:  64 kB\n"
	if n, err := sumPSS([]byte(maps), "/bin/a b"); err != nil || n != 12<<10 {
		t.Errorf("of one file: %d, %v", n, err)
	}
	if n, err := sumPSS([]byte(maps), "/bin/c"); err == nil {
		t.Errorf("of a file that is not mapped: %d", n)
	}
}

// TestLoadCounts runs a real load on real servers: what was counted is what the
// servers have.
func TestLoadCounts(t *testing.T) {
	servers := strings.Split(clustertest.Start(t, 3), ",")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	g, err := newGenerator(ctx, servers, shape{connections, inFlight})
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	if len(g.conns) != connections || len(g.workers) != inFlight {
		t.Fatalf("%d connections, %d workers", len(g.conns), len(g.workers))
	}
	created, err := g.run(ctx, opCreate, 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	made := len(created.times)
	if n := countNodes(t, g); n != made || made == 0 {
		t.Errorf("%d creations were acknowledged, and there are %d znodes", made, n)
	}
	for _, op := range []operation{opSet, opGet} {
		if took, err := g.run(ctx, op, 100*time.Millisecond); err != nil || took.rate() <= 0 || took.p50() > took.p99() {
			t.Errorf("%s: %+v, %v", op, took, err)
		}
	}
	deleted, err := g.run(ctx, opDelete, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if n := countNodes(t, g); n != made-len(deleted.times) {
		t.Errorf("%d made, %d deleted, %d are there", made, len(deleted.times), n)
	}
	if err := g.clear(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := g.conns[1].Sync(g.root); err != nil {
		t.Fatal(err)
	}
	if there, _, err := g.conns[1].Exists(g.root); err != nil || there {
		t.Errorf("after the load %s: %v, %v", g.root, there, err)
	}
}

// countNodes counts what the workers created, on a server that has caught up.
func countNodes(t *testing.T, g *generator) int {
	t.Helper()
	c := g.conns[len(g.conns)-1]
	if _, err := c.Sync(g.root); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, w := range g.workers {
		names, _, err := c.Children(w.dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !strings.HasPrefix(name, "hot-") {
				total++
			}
		}
	}
	return total
}

// TestLoadFails sees to it that an operation that fails, and the end of the context,
// end a load with their reason.
func TestLoadFails(t *testing.T) {
	servers := strings.Split(clustertest.Start(t, 1), ",")
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("too slow"))
	defer cancel()
	g, err := newGenerator(ctx, servers, shape{2, 4})
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	if err := g.conns[0].Delete(g.workers[3].hot(0), -1); err != nil {
		t.Fatal(err)
	}
	if took, err := g.run(ctx, opGet, patience); err == nil || !strings.Contains(err.Error(), g.workers[3].hot(0)) {
		t.Errorf("%+v, %v", took, err)
	}
	if err := create(g.conns[0], g.workers[3].hot(0), g.value); err != nil {
		t.Fatal(err)
	}
	why := errors.New("interrupted")
	ctx2, end := context.WithCancelCause(ctx)
	stop := time.AfterFunc(20*time.Millisecond, func() { end(why) })
	defer stop.Stop()
	if took, err := g.run(ctx2, opSet, patience); !errors.Is(err, why) {
		t.Errorf("%+v, %v", took, err)
	}
}

// TestWriter writes as the measurement of a failover does.
func TestWriter(t *testing.T) {
	addr := clustertest.Start(t, 1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	marks, done := make(chan mark), make(chan struct{})
	w := &writer{raw: raw{addr: addr}, path: "/w", marks: marks}
	go func() {
		defer close(done)
		w.run(ctx)
	}()
	for i := range 3 {
		if m := <-marks; m.addr != addr || !m.acked.After(m.sent) {
			t.Errorf("write %d: %+v", i, m)
		}
	}
	c, err := connect(ctx, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if there, stat, err := c.Exists("/w"); err != nil || !there || stat.Version < 2 {
		t.Errorf("after three writes: %v %+v %v", there, stat, err)
	}
	cancel()
	<-done
	if there, _, err := c.Exists("/w"); err != nil || there {
		t.Errorf("after the end of its session: %v %v", there, err)
	}
}
