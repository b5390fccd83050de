package localcluster_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
)

// patience bounds every wait of these tests. It is no measurement.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	if code, ok := localcluster.Child(); ok {
		os.Exit(code)
	}
	if os.Getenv("ZOOCTL_TEST_OWNER") != "" {
		os.Exit(ownerMain())
	}
	os.Exit(m.Run())
}

// ownerMain is a process that owns a temporary cluster until it is killed.
func ownerMain() int {
	_, st, err := localcluster.Temporary(context.Background(), localcluster.Spec{Size: 3})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println(st.Dir)
	for _, n := range st.Nodes {
		fmt.Println(n.PID)
	}
	fmt.Println("end")
	select {}
}

// engines are what the tests run on: the embedded one, and Apache ZooKeeper where it
// is required by ZOOCTL_TEST_APACHE=required, as continuous integration does.
func engines() []string {
	if os.Getenv("ZOOCTL_TEST_APACHE") == "required" {
		return []string{"embedded", "apache"}
	}
	return []string{"embedded"}
}

// fresh gives a test a state directory of its own and, at its end, sees to it that no
// process is left that has it in its arguments or environment.
func fresh(t *testing.T) context.Context {
	t.Helper()
	dir, err := os.MkdirTemp("", "zt-") // a socket's path must stay short
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", dir)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(func() {
		cancel()
		ctx, cancel := context.WithTimeout(context.Background(), patience) // a test that failed may have used up its own
		defer cancel()
		all, err := localcluster.List(ctx)
		if err != nil {
			t.Error(err)
		}
		for _, s := range all {
			c, err := localcluster.Open(s.Name)
			if err == nil {
				err = c.Down(ctx, false)
			}
			if err != nil {
				t.Errorf("down %s: %v", s.Name, err)
			}
		}
		eventually(t, "the end of every process", func() bool { return len(processes(dir)) == 0 })
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return ctx
}

// processes returns those that have text in their environment, and are not this one.
func processes(text string) []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, f := range files {
		pid := filepath.Base(filepath.Dir(f))
		env, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(env), text) && pid != strconv.Itoa(os.Getpid()) {
			cmd, _ := os.ReadFile(filepath.Dir(f) + "/cmdline")
			found = append(found, pid+" "+strings.ReplaceAll(string(cmd), "\x00", " "))
		}
	}
	return found
}

// alive tells whether a process exists and is no zombie.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return exec.Command("kill", "-0", strconv.Itoa(pid)).Run() == nil && !exists("/proc/self")
	}
	_, after, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(after, "Z")
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

func up(t *testing.T, ctx context.Context, spec localcluster.Spec) (*localcluster.Cluster, localcluster.Status) {
	t.Helper()
	st, already, err := localcluster.Up(ctx, spec)
	if err != nil || already {
		t.Fatalf("up: already %v, %v", already, err)
	}
	c, err := localcluster.Open(spec.Name)
	if err != nil {
		t.Fatal(err)
	}
	return c, st
}

func dial(t *testing.T, ctx context.Context, servers ...string) *ops.Conn {
	t.Helper()
	c, err := ops.Dial(ctx, ops.Config{Servers: servers, ConnectTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// states returns the state of each server in order.
func states(st localcluster.Status) []string {
	var all []string
	for _, n := range st.Nodes {
		all = append(all, n.State)
	}
	return all
}

func count(all []string, s string) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(x string) bool { return x != s }))
}
