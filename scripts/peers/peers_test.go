package peers_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster"
)

// patience bounds every peer's run and every start. It is no measurement.
const patience = 2 * time.Minute

var update = flag.Bool("update", false, "rewrite testdata as it is on Apache ZooKeeper")

func TestMain(m *testing.M) {
	if code, ok := localcluster.Child(); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// peer is a program that is run on both engines.
type peer struct {
	name  string
	lines int // a whole transcript has at least as many
	run   func(t *testing.T, ctx context.Context, e ensemble) (string, error)
}

var gozk = peer{name: "gozk", lines: 90, run: runGo}

// withTools are the peers that need more than Go.
var withTools = []peer{
	{name: "kazoo", lines: 180, run: runKazoo},
	{name: "curator", lines: 200, run: runCurator},
	{name: "zkcli", lines: 250, run: runZkCli},
}

// TestGoPeer needs Go alone: Apache's side of it is in testdata.
func TestGoPeer(t *testing.T) {
	gozk.hold(t, start(t, localcluster.Spec{Size: 3}))
}

// TestPeers runs every peer on both engines.
func TestPeers(t *testing.T) {
	if os.Getenv("ZOOCTL_TEST_APACHE") != "required" {
		t.Skip("needs Apache ZooKeeper, Java and Python: make tools; then set ZOOCTL_TEST_APACHE=required")
	}
	apache := start(t, localcluster.Spec{Size: 3, Engine: "apache"})
	embedded := start(t, localcluster.Spec{Size: 3})
	embedded.java = apache.java
	for _, p := range append([]peer{gozk}, withTools...) {
		t.Run(p.name, func(t *testing.T) {
			t.Run("apache", func(t *testing.T) {
				if *update {
					p.write(t, apache)
				}
				p.hold(t, apache)
			})
			t.Run("embedded", func(t *testing.T) { p.hold(t, embedded) })
		})
	}
}

func (p peer) file() string { return filepath.Join("testdata", p.name+".txt") }

func (p peer) transcript(t *testing.T, e ensemble) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := p.run(t, ctx, e)
	if err != nil {
		t.Fatalf("%s on %s: %v; it had said\n%s", p.name, e.engine, err, out)
	}
	return normal(out)
}

func (p peer) hold(t *testing.T, e ensemble) {
	t.Helper()
	hold(t, p.file(), e.engine, p.transcript(t, e), p.lines)
}

func (p peer) write(t *testing.T, e ensemble) {
	t.Helper()
	if err := os.WriteFile(p.file(), []byte(p.transcript(t, e)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// ensemble is one that runs.
type ensemble struct {
	cluster         *localcluster.Cluster
	engine, servers string
	java            []string // java and its class path, as Apache's servers run with it
}

// start brings up an ensemble that ends with the test.
func start(t *testing.T, spec localcluster.Spec) ensemble {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, st, err := localcluster.Temporary(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Down(ctx, false); err != nil {
			t.Error(err)
		}
	})
	e := ensemble{cluster: c, engine: st.Engine, servers: strings.Join(st.Servers, ",")}
	if st.Engine == "apache" {
		e.java = javaOf(t, st.Nodes[0].PID)
	}
	return e
}

func runGo(t *testing.T, ctx context.Context, e ensemble) (string, error) {
	file := filepath.Join(t.TempDir(), "gozk.exe") // Windows wants the name so
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", file, "./gozk").CombinedOutput(); err != nil {
		return string(out), err
	}
	return output(exec.CommandContext(ctx, file, e.servers))
}

// runKazoo runs with the Python that scripts/peers/venv.sh has made.
func runKazoo(_ *testing.T, ctx context.Context, e ensemble) (string, error) {
	python, err := filepath.Abs("../../.cache/venv/bin/python")
	if err != nil {
		return "", err
	}
	return output(exec.CommandContext(ctx, python, "-B", "kazoo/peer.py", e.servers))
}

// output is what a program wrote to stdout; with what it wrote to stderr if it failed.
func output(cmd *exec.Cmd) (string, error) {
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return out.String() + problems.String(), err
	}
	return out.String(), nil
}
