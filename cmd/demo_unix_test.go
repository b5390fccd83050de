//go:build linux

package cmd_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// patience bounds every wait of these tests. It is no measurement.
const patience = time.Minute

// window is zooctl on a terminal.
type window struct {
	t           *testing.T
	tmp         string // where it may leave files, and must not
	fd          int    // of the master
	master, tty *os.File
	cmd         *exec.Cmd
	before      *unix.Termios

	mu   sync.Mutex
	seen bytes.Buffer
	done chan struct{}
}

// open starts zooctl, which the testscript command of that name is, on a terminal.
func open(t *testing.T, args ...string) *window {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = master.Close() // there is another, on which a Close ends a Read
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	tmp, err := os.MkdirTemp("", "zd-")
	if err != nil {
		t.Fatal(err)
	}
	w := &window{t: t, tmp: tmp, fd: fd, master: os.NewFile(uintptr(fd), "master"), tty: tty, done: make(chan struct{})}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100}); err != nil {
		t.Fatal(err)
	}
	if w.before, err = unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS); err != nil {
		t.Fatal(err)
	}
	w.cmd = exec.Command(os.Args[0], args...)
	w.cmd.Env = append(os.Environ(), "ZOOCTL_TEST_MAIN=yes", "TMPDIR="+tmp, "HOME="+tmp, "XDG_STATE_HOME=", "XDG_CONFIG_HOME=", "TERM=xterm", "GORACE=atexit_sleep_ms=0")
	w.cmd.Stdin, w.cmd.Stdout, w.cmd.Stderr = tty, tty, tty
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends when the terminal is closed
		defer close(w.done)
		b := make([]byte, 4096)
		for {
			n, err := w.master.Read(b)
			w.mu.Lock()
			w.seen.Write(b[:n])
			w.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = w.cmd.Process.Kill() // it has ended, as a rule
		_ = w.cmd.Wait()
		_ = w.master.Close()
		_ = tty.Close()
		<-w.done
		_ = os.RemoveAll(tmp)
	})
	return w
}

// expect waits until text has been shown and forgets all up to its end.
func (w *window) expect(text string) {
	w.t.Helper()
	w.until("output of "+text, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		i := bytes.Index(w.seen.Bytes(), []byte(text))
		if i >= 0 {
			w.seen.Next(i + len(text))
		}
		return i >= 0
	})
}

func (w *window) until(what string, f func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("waited in vain for %s; on the terminal: %q", what, w.seen.String())
		}
	}
}

func (w *window) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.master, text); err != nil {
		w.t.Fatal(err)
	}
}

// ends waits for the end of zooctl with a status, and of everything that it started,
// and compares the terminal with what it was.
func (w *window) ends(status int) {
	w.t.Helper()
	t := time.AfterFunc(patience, func() { _ = w.cmd.Process.Kill() })
	defer t.Stop()
	_ = w.cmd.Wait() // its status tells
	if got := w.cmd.ProcessState.ExitCode(); got != status {
		w.t.Errorf("status %d (%v), want %d", got, w.cmd.ProcessState, status)
	}
	w.until("the end of every process", func() bool { return len(w.processes()) == 0 })
	w.until("the removal of every file", func() bool {
		left, err := filepath.Glob(w.tmp + "/zooctl-*")
		return err == nil && len(left) == 0
	})
	after, err := unix.IoctlGetTermios(int(w.tty.Fd()), unix.TCGETS)
	if err == nil && !reflect.DeepEqual(after, w.before) {
		w.t.Error("the terminal is not as it was")
	}
}

// processes are those that zooctl has started, and their descendants: they have its
// environment.
func (w *window) processes() []string {
	var found []string
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range files {
		if env, err := os.ReadFile(f); err == nil && strings.Contains(string(env), "TMPDIR="+w.tmp) {
			found = append(found, filepath.Base(filepath.Dir(f)))
		}
	}
	return found
}

// TestDemoOnTerminal does what a newcomer does: types, completes, interrupts, leaves.
func TestDemoOnTerminal(t *testing.T) {
	w := open(t, "demo")
	w.expect("servers are ready after")
	w.expect("demo /> ")
	w.send("create -p /app/config hello\r")
	w.expect("/app/config\r\n")
	w.expect("demo /> ")
	w.send("get /ap\t/con\t\r")
	w.expect("hello\r\n")
	w.expect("demo /> ")
	w.send("cd /app\r")
	w.expect("demo /app> ")
	w.send("ls\r")
	w.expect("config\r\n")
	w.expect("demo /app> ")
	w.send("lock run /l -- sleep 600\r")
	w.until("the command", func() bool { return len(w.processes()) > 5 })
	w.send("\x03")
	w.expect("demo /app> ")
	w.send("exit\r")
	w.ends(0)
}

// TestDemoEnds ends a demo in every way that there is: nothing is left.
func TestDemoEnds(t *testing.T) {
	for name, end := range map[string]struct {
		how    func(w *window)
		status int
	}{
		"Ctrl-D":            {func(w *window) { w.send("\x04") }, 0},
		"SIGTERM":           {func(w *window) { _ = w.cmd.Process.Signal(syscall.SIGTERM) }, 143},
		"SIGHUP":            {func(w *window) { _ = w.cmd.Process.Signal(syscall.SIGHUP) }, 129},
		"SIGKILL":           {func(w *window) { _ = w.cmd.Process.Kill() }, -1},
		"a closed terminal": {func(w *window) { _, _ = w.tty.Close(), w.master.Close() }, 129},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, "demo")
			w.expect("demo /> ")
			if len(w.processes()) < 5 {
				t.Fatalf("only %d processes", len(w.processes()))
			}
			end.how(w)
			if end.status < 0 { // nobody could restore the terminal
				w.before, _ = unix.IoctlGetTermios(int(w.tty.Fd()), unix.TCGETS)
			}
			w.ends(end.status)
		})
	}
}

// TestDemoInterrupted stops a demo while its servers start.
func TestDemoInterrupted(t *testing.T) {
	w := open(t, "demo")
	w.until("the first process", func() bool { return len(w.processes()) > 1 })
	w.send("\x03")
	w.until("the end of every process, or a prompt", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.processes()) == 0 || bytes.Contains(w.seen.Bytes(), []byte("demo /> "))
	})
	if len(w.processes()) > 0 { // it was ready by then, and the key cleared a line
		w.send("\x04")
		w.ends(0)
		return
	}
	w.ends(130)
}
