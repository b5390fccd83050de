package cmd_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zooctl/zooctl/cmd"
	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
	"github.com/zooctl/zooctl/shell"
)

func TestMain(m *testing.M) {
	if code, ok := localcluster.Child(); ok {
		os.Exit(code)
	}
	if os.Getenv("ZOOCTL_TEST_MAIN") != "" {
		os.Exit(cmd.Main(os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"zooctl": func() { os.Exit(cmd.Main(via(os.Args[1:]))) }})
}

// via turns a command line into a line of a shell where the script runs so. A
// command that is a shell itself stays as it is.
func via(args []string) []string {
	if os.Getenv("VIA") != "shell" || len(args) == 0 || args[0] == "shell" || args[0] == "demo" {
		return args
	}
	return []string{"shell", "-c", shell.Quote(args)}
}

// engine is what the scripts run on: the embedded engine, or what
// ZOOCTL_TEST_ENGINE says, with the distribution in ZOOCTL_TEST_DIST.
func engine() localcluster.Spec {
	spec := localcluster.Spec{Size: 3, Engine: os.Getenv("ZOOCTL_TEST_ENGINE"), Dist: os.Getenv("ZOOCTL_TEST_DIST")}
	if spec.Engine == "" {
		spec.Engine = "embedded"
	}
	return spec
}

// TestScript runs every script twice: with zooctl as the command line, and with each
// zooctl line sent through the shell. The two must not differ. The scripts share an
// ensemble, on which each has a chroot of its own.
func TestScript(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	cluster, status, err := localcluster.Temporary(ctx, engine())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Down(context.Background(), false); err != nil {
			t.Error(err)
		}
	})
	conn, err := ops.Dial(ctx, ops.Config{Servers: status.Servers})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	scripts, err := filepath.Glob("../testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	update := flag.Lookup("update").Value.String() == "true"
	for _, mode := range []string{"cli", "shell"} {
		t.Run(mode, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Files: scripts, UpdateScripts: update, RequireExplicitExec: true, RequireUniqueNames: true,
				Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
				Setup: func(env *testscript.Env) error {
					root := fmt.Sprintf("/%s-%d", mode, time.Now().UnixNano())
					if _, err := conn.Create(ctx, root, nil, ops.CreateOptions{}); err != nil {
						return err
					}
					servers := strings.Join(status.Servers, ",")
					env.Setenv("ENSEMBLE", servers)
					env.Setenv("ZOOCTL_SERVERS", servers+root)
					env.Setenv("VIA", mode)
					env.Setenv("ENGINE", engine().Engine)
					env.Setenv("GORACE", "atexit_sleep_ms=0") // or every process costs a second under -race
					return shortHome(env)
				},
			})
		})
	}
}

// shortHome gives a script a home of its own, on a path that leaves room for a
// socket, and sees to it that no cluster of it stays.
func shortHome(env *testscript.Env) error {
	home, err := os.MkdirTemp("", "zh-")
	if err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("XDG_STATE_HOME", "")
	env.Setenv("XDG_CONFIG_HOME", "")
	env.Setenv("TMPDIR", home)
	env.Defer(func() {
		// A script that failed has left its clusters.
		down := exec.Command(os.Args[0], "cluster", "down", "--all", "--yes")
		down.Env = append(env.Vars, "ZOOCTL_TEST_MAIN=1")
		if out, err := down.CombinedOutput(); err != nil {
			env.T().Log("cluster down --all: ", err, string(out))
		}
		_ = os.RemoveAll(home)
	})
	return nil
}

// exits runs a command that must end with a certain status: exits 66 zooctl get /x.
// What it says is for stdout and stderr to check.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
