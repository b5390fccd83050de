package localcluster_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster"
	"github.com/zooctl/zooctl/ops"
)

// span is the time that a system call took.
type span struct{ begin, end time.Time }

// TestFsyncBeforeAck traces the system calls of the servers while single writes go
// through each of them. Between the request and its acknowledgement a quorum must have
// begun and ended an fsync: that nothing is lost when servers are killed does not show
// it, because the kernel keeps what a killed process has written.
func TestFsyncBeforeAck(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil && os.Getenv("ZOOCTL_TEST_APACHE") != "required" {
		t.Skip("strace is not installed: nothing was shown about fsync")
	} else if err != nil {
		t.Fatal(err)
	}
	ctx := fresh(t)
	_, st := up(t, ctx, localcluster.Spec{Name: "sync", Size: 3})
	dir := t.TempDir()
	var tracers []*exec.Cmd
	for _, n := range st.Nodes {
		tracers = append(tracers, trace(t, strace, n.PID, filepath.Join(dir, strconv.Itoa(n.ID))))
	}
	var writes []span
	for _, server := range st.Servers {
		conn := dial(t, ctx, server)
		if _, err := conn.Create(ctx, "/f"+server[strings.LastIndex(server, ":")+1:], nil, ops.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			begin := time.Now()
			if _, err := conn.Set(ctx, "/f"+server[strings.LastIndex(server, ":")+1:], fmt.Append(nil, i), ops.Any); err != nil {
				t.Fatal(err)
			}
			writes = append(writes, span{begin, time.Now()})
		}
	}
	var synced [][]span
	for i, c := range tracers {
		_ = c.Process.Signal(os.Interrupt) // it detaches and ends
		_ = c.Wait()                       // by a signal, as it was told
		synced = append(synced, syncs(t, filepath.Join(dir, strconv.Itoa(i+1))))
	}
	for _, w := range writes {
		quorum := 0
		for _, spans := range synced {
			for _, s := range spans {
				if !s.begin.Before(w.begin) && !s.end.After(w.end) {
					quorum++
					break
				}
			}
		}
		if quorum < 2 {
			t.Errorf("a write was acknowledged after %v with an fsync on %d servers", w.end.Sub(w.begin), quorum)
		}
	}
	t.Logf("%d writes, each after an fsync on a quorum; servers made %d, %d and %d of them", len(writes), len(synced[0]), len(synced[1]), len(synced[2]))
}

// trace attaches strace to a server and returns when it traces.
func trace(t *testing.T, strace string, pid int, out string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(context.Background(), strace, "-f", "-ttt", "-T", "-e", "trace=fsync,fdatasync", "-o", out, "-p", strconv.Itoa(pid))
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() }) // it has ended, as a rule
	said := bufio.NewScanner(stderr)
	for said.Scan() {
		if strings.Contains(said.Text(), "attached") {
			go func() { // ends with strace
				for said.Scan() {
				}
			}()
			return c
		}
	}
	t.Fatalf("strace does not attach: %v", said.Err())
	return nil
}

var syncCall = regexp.MustCompile(`^(\d+) +(\d+)\.(\d{6}) (?:(?:fsync|fdatasync)\(.*\) += 0|<\.\.\. (?:fsync|fdatasync) resumed>\) += 0) <(\d+\.\d+)>$`)

// syncs reads the calls that succeeded. A call that was interrupted in the log by
// another thread's is told when it resumes, with how long it took in all.
func syncs(t *testing.T, file string) []span {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []span
	begun := map[string]time.Time{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		at, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			continue
		}
		when := time.UnixMicro(int64(at * 1e6))
		if strings.HasSuffix(line, "<unfinished ...>") {
			begun[fields[0]] = when
			continue
		}
		m := syncCall.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		took, err := time.ParseDuration(m[4] + "s")
		if err != nil {
			t.Fatal(err)
		}
		begin := when
		if b, ok := begun[fields[0]]; ok && strings.Contains(line, "resumed>") {
			begin = b
			delete(begun, fields[0])
		}
		all = append(all, span{begin, begin.Add(took)})
	}
	return all
}
