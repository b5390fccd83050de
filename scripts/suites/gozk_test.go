//go:build unix

package suites

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runGoZooKeeper runs the tests of the module in a copy of its folder, which is not
// writable where it is.
func runGoZooKeeper(t *testing.T, d distribution) map[string]outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	from, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/go-zookeeper/zk").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyFiles(t, strings.TrimSpace(string(from)), dir)
	said, err := scene{ctx: ctx, dir: dir,
		env: append(d.env, "ZOOKEEPER_BIN_PATH="+d.bin, "ZK_VERSION="+d.version, "GOFLAGS="),
		// One that runs long is not worth more than the others of its kind; its own limit
		// is above what the slowest machine needs.
		argv: []string{"go", "test", "-json", "-count=1", "-timeout=14m", "."}}.play()
	got, problems := fromGo(said)
	if !ended(err, 1) {
		t.Fatalf("go test: %v\n%s", err, tail(said))
	}
	for test, text := range problems {
		t.Logf("%s said:\n%s", test, tail(text))
	}
	return got
}

func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue // examples
		}
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// fromGo reads what 'go test -json' says: what each test came to, and what those that
// failed had to say. A package that failed without a test that did is a failed test of
// the name "package".
func fromGo(said string) (got map[string]outcome, problems map[string]string) {
	got, problems = map[string]outcome{}, map[string]string{}
	output := map[string]*strings.Builder{}
	for line := range strings.Lines(said) {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal([]byte(line), &e) != nil {
			continue // what the go command says itself
		}
		if output[e.Test] == nil {
			output[e.Test] = &strings.Builder{}
		}
		switch e.Action {
		case "output":
			output[e.Test].WriteString(e.Output)
		case "pass", "fail", "skip":
			o := map[string]outcome{"pass": passes, "fail": fails, "skip": skipped}[e.Action]
			if e.Test != "" {
				got[e.Test] = o
			} else if o == fails && len(problems) == 0 {
				e.Test = "package"
				got[e.Test], output[e.Test] = o, output[""]
			}
			if o == fails && e.Test != "" {
				problems[e.Test] = output[e.Test].String()
			}
		}
	}
	return got, problems
}

func TestFromGo(t *testing.T) {
	got, problems := fromGo(`{"Action":"run","Test":"A"}
{"Action":"output","Test":"A","Output":"why\n"}
{"Action":"fail","Test":"A"}
{"Action":"pass","Test":"B/c"}
{"Action":"skip","Test":"D"}
not JSON
{"Action":"fail"}
`)
	if len(got) != 3 || got["A"] != fails || got["B/c"] != passes || got["D"] != skipped || len(problems) != 1 || problems["A"] != "why\n" {
		t.Error(got, problems)
	}
	got, _ = fromGo(`{"Action":"fail"}`)
	if len(got) != 1 || got["package"] != fails {
		t.Error(got)
	}
}
