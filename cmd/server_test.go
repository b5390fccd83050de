package cmd_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/ops"
)

// TestServerEnsemble runs three servers from three files, as people do who try an
// ensemble on one machine: what is written through one is read through another, one
// that was killed comes back with what it missed, and no secret need be told.
func TestServerEnsemble(t *testing.T) {
	home := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ports := freePorts(t, 9)
	var files, addrs, members []string
	for i := range 3 {
		members = append(members, fmt.Sprintf("server.%d=localhost:%d:%d", i+1, ports[3*i], ports[3*i+1]))
		addrs = append(addrs, fmt.Sprintf("127.0.0.1:%d", ports[3*i+2]))
	}
	for i := range 3 {
		data := filepath.Join(home, fmt.Sprint("data", i+1))
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("tickTime=500\ninitLimit=10\nsyncLimit=5\ndataDir=%s\nclientPort=%d\n%s\n", data, ports[3*i+2], strings.Join(members, "\n"))
		file := filepath.Join(home, fmt.Sprintf("zoo%d.cfg", i+1))
		for name, text := range map[string]string{file: text, filepath.Join(data, "myid"): fmt.Sprintln(i + 1)} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		files = append(files, file)
	}
	var servers []*exec.Cmd
	for _, f := range files {
		servers = append(servers, serverProcess(t, home, f))
	}
	one := dialServers(t, ctx, addrs[0])
	if _, err := one.Create(ctx, "/a", []byte("one"), ops.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	readThrough(t, ctx, addrs[1], "/a", "one")

	kill(t, servers[2])
	if _, err := one.Create(ctx, "/b", []byte("two are enough"), ops.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	serverProcess(t, home, files[2])
	readThrough(t, ctx, addrs[2], "/b", "two are enough")

	if info, err := os.Stat(filepath.Join(home, "zooctl", "server.secret")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the user's secret: %v, %v", info, err)
	}
}

func dialServers(t *testing.T, ctx context.Context, servers ...string) *ops.Conn {
	t.Helper()
	conn, err := ops.Dial(ctx, ops.Config{Servers: servers, ConnectTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the servers end before it may matter
	return conn
}

// readThrough reads a znode through one server, as it is at a quorum.
func readThrough(t *testing.T, ctx context.Context, server, path, want string) {
	t.Helper()
	conn := dialServers(t, ctx, server)
	if err := conn.Sync(ctx, path); err != nil {
		t.Fatal(err)
	}
	if got, _, err := conn.Get(ctx, path); err != nil || string(got) != want {
		t.Errorf("%s of %s is %q, %v, want %q", path, server, got, err, want)
	}
}

// serverProcess starts 'zooctl server' and returns once it listens.
func serverProcess(t *testing.T, home, file string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "server", "--config", file)
	cmd.Env = append(os.Environ(), "ZOOCTL_TEST_MAIN=1", "XDG_STATE_HOME="+home)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Signal(os.Interrupt)
			if err := cmd.Wait(); err != nil {
				t.Errorf("server of %s: %v", file, err)
			}
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	if _, _, bad := net.SplitHostPort(strings.TrimSpace(line)); err != nil || bad != nil {
		t.Fatalf("%s: it says %q, %v", file, line, err)
	}
	return cmd
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// freePorts returns ports that nobody listens on at the moment, below those that the
// system gives to outgoing connections.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var all []int
	for p := 21000 + os.Getpid()%9000; len(all) < n && p < 32000; p++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
		if err == nil {
			_ = l.Close()
			all = append(all, p)
		}
	}
	if len(all) < n {
		t.Fatal("no free ports")
	}
	return all
}
