package peers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/localcluster"
)

// runCurator compiles curator/*.java with the jars that scripts/ci/install.sh has
// fetched, and runs it. It asks for servers to be killed and started.
func runCurator(t *testing.T, ctx context.Context, e ensemble) (string, error) {
	jars, err1 := filepath.Abs("../../.cache/curator")
	sources, err2 := filepath.Glob("curator/*.java")
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	classes := t.TempDir()
	path := filepath.Join(jars, "*")
	javac := exec.CommandContext(ctx, "javac", append([]string{"-nowarn", "-d", classes, "-cp", path}, sources...)...)
	if out, err := javac.CombinedOutput(); err != nil {
		return string(out), err
	}
	cmd := exec.CommandContext(ctx, e.java[0], "-XX:TieredStopAtLevel=1", "-cp", strings.Join([]string{classes, path}, string(filepath.ListSeparator)), "Peer", e.servers)
	return e.obey(ctx, cmd)
}

// obey runs a program that asks for servers to be killed and started, by lines that
// begin with "! ", and returns the others.
func (e ensemble) obey(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var out, problems strings.Builder
	cmd.Stderr = &problems
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var failed error
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		order, ok := strings.CutPrefix(lines.Text(), "! ")
		if !ok {
			fmt.Fprintln(&out, lines.Text())
			continue
		}
		if failed = e.order(ctx, order); failed != nil {
			break
		}
		if _, failed = io.WriteString(stdin, "done\n"); failed != nil {
			break
		}
	}
	_ = stdin.Close() // it may have ended; else it ends by this
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		failed = errors.Join(failed, err)
	}
	if err := errors.Join(failed, lines.Err(), cmd.Wait()); err != nil {
		return out.String() + problems.String(), err
	}
	return out.String(), nil
}

// order does what a line asks for: "kill HOST:PORT" or "start HOST:PORT".
func (e ensemble) order(ctx context.Context, line string) error {
	what, server, _ := strings.Cut(line, " ")
	i := slices.Index(strings.Split(e.servers, ","), server)
	if i < 0 {
		return fmt.Errorf("%s: no such server", line)
	}
	do := map[string]func(context.Context, []string) (localcluster.Status, error){"kill": e.cluster.Kill, "start": e.cluster.Start}[what]
	if do == nil {
		return fmt.Errorf("%s: neither kill nor start", line)
	}
	_, err := do(ctx, []string{fmt.Sprint(i + 1)})
	return err
}
