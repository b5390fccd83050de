package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// command is one that was run again and again, with its wall times in seconds.
type command struct {
	title string
	argv  []string
	want  string // what it must print, or contain
	exact bool
	runs  int
	times []float64
}

// zkCliRuns bounds the runs of zkCli.sh, each of which starts a Java.
const zkCliRuns = 9

// measureCommands runs commands against an embedded ensemble, in turn.
func measureCommands(ctx context.Context, o *options, talk io.Writer) (_ []command, err error) {
	dir, err := os.MkdirTemp("", "zooctl-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	zooctl, small := filepath.Join(dir, "zooctl"), filepath.Join(dir, "small")
	for exe, pkg := range map[string]string{zooctl: "github.com/zooctl/zooctl/cmd/zooctl", small: "github.com/zooctl/zooctl/scripts/bench/small"} {
		out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", exe, pkg).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("build %s: %w: %s", pkg, err, bytes.TrimSpace(out))
		}
	}
	e, err := start(ctx, embedded, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.down()) }()
	value := strings.Repeat("v", valueSize)
	c, err := connect(ctx, e.Servers[0])
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for path, data := range map[string]string{"/bench-get": value, "/bench-lock": ""} {
		if err := create(c, path, []byte(data)); err != nil {
			return nil, err
		}
		if _, err := c.Sync(path); err != nil {
			return nil, err
		}
	}
	servers := strings.Join(e.Servers, ",")
	cmds := []command{
		{title: "smallest Go program on go-zookeeper: connect, get, print", argv: []string{small, servers, "/bench-get"}, want: value, exact: true, runs: o.runs},
		{title: "`zooctl get`", argv: []string{zooctl, "-z", servers, "get", "/bench-get"}, want: value, exact: true, runs: o.runs},
		{title: "`zooctl lock run` of a free lock, with `true` as the command", argv: []string{zooctl, "-z", servers, "lock", "run", "/bench-lock", "--", "true"}, exact: true, runs: o.runs},
	}
	if script := zkCli(o.dist); script != "" {
		cmds = append(cmds, command{title: "`zkCli.sh get`", argv: []string{script, "-server", servers, "get", "/bench-get"}, want: value, runs: min(zkCliRuns, o.runs)})
	} else {
		fmt.Fprintln(talk, "there is no zkCli.sh, so it is not measured")
	}
	env := append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir, "ZOO_LOG_DIR="+dir)
	return cmds, runAll(ctx, cmds, dir, env)
}

// runAll runs the commands in turn: first, second, …, first, second, …
func runAll(ctx context.Context, cmds []command, dir string, env []string) error {
	const warm = 2 // of the file cache; not counted
	for i := range slices.Max(runsOf(cmds)) + warm {
		for j := range cmds {
			c := &cmds[j]
			if i >= c.runs+warm {
				continue
			}
			took, err := c.run(ctx, dir, env)
			if err != nil {
				return err
			}
			if i >= warm {
				c.times = append(c.times, took.Seconds())
			}
		}
	}
	return nil
}

func runsOf(cmds []command) []int {
	var all []int
	for _, c := range cmds {
		all = append(all, c.runs)
	}
	return all
}

// run runs the command once, from its start to its end, and checks its answer.
func (c *command) run(ctx context.Context, dir string, env []string) (time.Duration, error) {
	var out, talk bytes.Buffer
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &talk
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	line := strings.Join(append([]string{filepath.Base(c.argv[0])}, c.argv[1:]...), " ")
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", line, err, bytes.TrimSpace(talk.Bytes()))
	}
	if got := out.String(); c.exact && got != c.want || !strings.Contains(got, c.want) {
		return 0, fmt.Errorf("%s printed %q", line, got)
	}
	return took, nil
}

// zkCli returns the client that comes with Apache ZooKeeper, or "".
func zkCli(dist string) string {
	for _, dir := range []string{dist, os.Getenv("ZOOKEEPER_HOME"), "/usr/share/zookeeper"} {
		if script := filepath.Join(dir, "bin", "zkCli.sh"); dir != "" && isFile(script) {
			if abs, err := filepath.Abs(script); err == nil {
				return abs
			}
		}
	}
	return ""
}

// commandTable renders the wall times and their ratios to the first command, which
// are ratios of runs that came one after the other. There is none without commands.
func commandTable(cmds []command) string {
	if len(cmds) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nWhole commands on the embedded ensemble, from start to exit, medians of %d runs in turn (%d of `zkCli.sh`):\n\n", cmds[0].runs, min(zkCliRuns, cmds[0].runs))
	b.WriteString("| command | wall time | to the smallest program | longer than it |\n|---|---|---|---|\n")
	for i, c := range cmds {
		fmt.Fprintf(&b, "| %s | %s |", c.title, seconds.format(median(c.times)))
		if i == 0 {
			b.WriteString(" 1 | – |\n")
			continue
		}
		var ratios, more []float64
		for j, t := range c.times {
			ratios, more = append(ratios, t/cmds[0].times[j]), append(more, t-cmds[0].times[j])
		}
		fmt.Fprintf(&b, " **%s** | %s |\n", number(median(ratios)), seconds.format(median(more)))
	}
	return b.String()
}
