package server_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// The environment of the process that has a disk which gets full: in which way, and
// where.
const (
	diskEnv = "ZOOCTL_TEST_DISK"
	dirEnv  = "ZOOCTL_TEST_DIR"
)

// TestDiskFull: a server whose disk is full stops and says so, and all that it has
// acknowledged is there when there is room again. The disk is a limit on the size of
// files, which any user may set, and a small file system in memory, in a namespace of
// its own, where the system gives one to this user.
func TestDiskFull(t *testing.T) {
	if how := os.Getenv(diskEnv); how != "" {
		fillDisk(t, how, os.Getenv(dirEnv))
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, how string, attr *syscall.SysProcAttr) (string, error) {
		cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestDiskFull$", "-test.v", "-test.timeout=60s")
		cmd.Env = append(os.Environ(), diskEnv+"="+how, dirEnv+"="+t.TempDir())
		cmd.SysProcAttr = attr
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	t.Run("a limit on files", func(t *testing.T) {
		if out, err := run(t, "limit", nil); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	own := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	if out, err := run(t, "probe", own); err != nil {
		t.Logf("this system gives no file system to this user: %v %s", err, out)
		return
	}
	t.Run("a small file system", func(t *testing.T) {
		if out, err := run(t, "tmpfs", own); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// fillDisk is the other process.
func fillDisk(t *testing.T, how, dir string) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want := unix.ENOSPC
	fill, relieve := func() {}, func() { must(unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=200m")) }
	switch how {
	case "probe":
		must(unix.Mount("tmpfs", dir, "tmpfs", 0, "size=20m"))
		return
	case "tmpfs":
		must(unix.Mount("tmpfs", dir, "tmpfs", 0, "size=20m"))
	case "limit":
		want = unix.EFBIG
		signal.Ignore(unix.SIGXFSZ) // the call fails instead
		var old unix.Rlimit
		must(unix.Getrlimit(unix.RLIMIT_FSIZE, &old))
		limit := old
		limit.Cur = 3 << 20 // less than a segment of the log
		fill = func() { must(unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)) }
		relieve = func() { must(unix.Setrlimit(unix.RLIMIT_FSIZE, &old)) }
	}
	e := startEnsemble(t, 1, tick)
	e.stop(0)
	e.dirs[0] = dir
	e.restart(0)
	acked := e.writeUntilStopped(fill)
	s := e.servers[0]
	if err := s.Err(); !errors.Is(err, want) || !strings.Contains(err.Error(), dir) {
		t.Errorf("the server stopped for %v, want %v and where", err, want)
	}
	if acked == 0 {
		t.Error("nothing was written before")
	}
	t.Logf("after %d writes: %v", acked, s.Err())
	e.stop(0)
	relieve()
	e.restart(0)
	c := e.connect(0)
	for k := range acked {
		if got, _ := wiretest.Data(t, c.Must(wire.OpGetData, wiretest.Read(fmt.Sprintf("/n%d", k)))); len(got) != len(largeValue()) {
			t.Errorf("write %d of %d has %d bytes", k, acked, len(got))
		}
	}
	c.Must(wire.OpCreate, wiretest.Create("/after", "", 0))
}

func largeValue() string { return strings.Repeat("x", 256<<10) }

// writeUntilStopped writes to the first server until it stops by itself, and returns how
// many writes were acknowledged. A limit is set once the server runs.
func (e *ensemble) writeUntilStopped(limit func()) (acked int) {
	e.t.Helper()
	c := e.connect(0)
	limit()
	for {
		c.Send(wire.OpCreate, wiretest.Create(fmt.Sprintf("/n%d", acked), largeValue(), 0))
		r, err := c.TryRecv()
		if err != nil {
			break
		}
		if r.Err != wire.CodeOK {
			e.t.Fatalf("write %d: %v", acked, r.Err)
		}
		acked++
	}
	select {
	case <-e.servers[0].Failed():
	case <-time.After(patience):
		e.t.Fatal("the client was cut off and the server goes on")
	}
	return acked
}
