//go:build linux || darwin

package shell

import (
	"bytes"
	"context"
	"fmt"
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
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if dir := os.Getenv("SHELL_TEST_DIR"); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child is a program with a shell, on the terminal of the test. It knows the commands
// say, sleep and exit, and completes the paths /app/one, /app/other and some more: at once, or if
// there is a file "slow", when there is a file "go".
func child(dir string) int {
	if exists(dir, "dumb") {
		_ = os.Setenv("TERM", "dumb") // it cannot fail
	}
	left := false
	s := &Shell{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, History: filepath.Join(dir, "history"),
		Prompt: func() string { return "test> " },
		Leave:  func() (int, bool) { return 0, left },
	}
	s.Run = func(ctx context.Context, words []string) int {
		switch words[0] {
		case "say":
			fmt.Printf("said [%s]\n", strings.Join(words[1:], "|"))
		case "sleep":
			fmt.Println("sleeping")
			<-ctx.Done()
			fmt.Println("woken")
			return 130
		case "tty":
			t, err := unix.IoctlGetTermios(0, getTermios)
			fmt.Println("cooked", err == nil && t.Lflag&unix.ISIG != 0 && t.Lflag&unix.ECHO != 0 && t.Lflag&unix.ICANON != 0)
		case "files":
			names, err := os.ReadDir("/dev/fd")
			fmt.Printf("open [%d] %v\n", len(names), err)
		case "ask":
			b := make([]byte, 64)
			n, _ := os.Stdin.Read(b) // n says it
			fmt.Printf("heard [%s]\n", strings.TrimSpace(string(b[:n])))
		case "exit":
			left = true
		}
		return 0
	}
	s.Complete = func(ctx context.Context, words []string) []Suggestion {
		for exists(dir, "slow") && !exists(dir, "go") && ctx.Err() == nil {
			time.Sleep(time.Millisecond) // another process makes the file
		}
		var all []Suggestion
		for _, p := range []string{"/app/one", "/app/other", "/with space", "/below/"} {
			if len(words) > 1 && strings.HasPrefix(p, words[len(words)-1]) {
				all = append(all, Suggestion{Text: p, Description: "a path"})
			}
		}
		return all
	}
	status := s.Interactive(context.Background())
	// This is what would clear up.
	if err := os.WriteFile(filepath.Join(dir, "end"), fmt.Append(nil, status), 0o600); err != nil {
		return 1
	}
	return 0
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// session is a child on a terminal.
type session struct {
	t           *testing.T
	dir         string
	master, tty *os.File
	fd          int // of the master
	cmd         *exec.Cmd
	before      *unix.Termios

	mu   sync.Mutex
	seen bytes.Buffer
	done chan struct{}
}

func start(t *testing.T, dir string) *session {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	// A file whose descriptor was asked for blocks, and then cannot be closed while
	// someone reads from it.
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = master.Close() // there is another
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	master = os.NewFile(uintptr(fd), "master")
	s := &session{t: t, dir: dir, master: master, fd: fd, tty: tty, done: make(chan struct{})}
	s.resize(24, 80)
	if s.before, err = unix.IoctlGetTermios(int(tty.Fd()), getTermios); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(os.Args[0])
	s.cmd.Env = append(os.Environ(), "SHELL_TEST_DIR="+dir, "TERM=xterm", "GORACE=atexit_sleep_ms=0")
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends when the terminal is closed
		defer close(s.done)
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			s.mu.Lock()
			s.seen.Write(b[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it has ended, as a rule
		_ = s.cmd.Wait()
		_ = master.Close()
		_ = tty.Close()
		<-s.done
	})
	s.expect("test> ")
	return s
}

// expect waits until text has been shown and forgets all up to its end.
func (s *session) expect(text string) {
	s.t.Helper()
	s.until("output of "+text, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := bytes.Index(s.seen.Bytes(), []byte(text))
		if i >= 0 {
			s.seen.Next(i + len(text))
		}
		return i >= 0
	})
}

func (s *session) until(what string, f func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.t.Fatalf("waited in vain for %s; on the terminal: %q", what, s.seen.String())
		}
	}
}

func (s *session) resize(rows, columns uint16) {
	s.t.Helper()
	if err := unix.IoctlSetWinsize(s.fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		s.t.Fatal(err)
	}
}

// wait waits for the end of the program.
func (s *session) wait() {
	s.t.Helper()
	t := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer t.Stop()
	if err := s.cmd.Wait(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) send(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.master, text); err != nil {
		s.t.Fatal(err)
	}
}

// ends waits for the end of the program, with the status that its shell gave, and
// compares the terminal with what it was.
func (s *session) ends(status int) {
	s.t.Helper()
	s.wait()
	b, err := os.ReadFile(filepath.Join(s.dir, "end"))
	if err != nil || string(b) != fmt.Sprint(status) {
		s.t.Errorf("status %q %v, want %d", b, err, status)
	}
	after, err := unix.IoctlGetTermios(int(s.tty.Fd()), getTermios)
	if err == nil && !reflect.DeepEqual(after, s.before) {
		s.t.Errorf("the terminal is not as it was:\n%+v\n%+v", s.before, after)
	}
}

func TestTyping(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say 'a b' c\r")
	s.expect("said [a b|c]")
	s.expect("test> ")
	s.send("tty\r")
	s.expect("cooked true")
	s.expect("test> ")
	s.send("exit\r")
	s.ends(0)
}

// bye ends the shell with Ctrl-D, once it reads keys: before that the terminal itself
// takes it for the end of the input of the command that runs.
func (s *session) bye() {
	s.t.Helper()
	s.expect("test> ")
	s.send("\x04")
	s.ends(0)
}

// TestCtrlD ends the shell on an empty line, and only there.
func TestCtrlD(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say x")
	s.expect("x")
	s.send("\x04\r")
	s.expect("said [x]")
	s.bye()
}

// TestCtrlC clears the line that is typed, and stops a command that runs; the shell
// goes on.
func TestCtrlC(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say never")
	s.expect("never")
	s.send("\x03")
	s.expect("test> ")
	s.send("sleep\r")
	s.expect("sleeping")
	s.send("\x03")
	s.expect("woken")
	s.expect("test> ")
	s.send("say still here\r")
	s.expect("said [still|here]")
	s.bye()
}

func TestCompletion(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say /app/ot")
	s.expect("/app/other")
	s.send("\t\r")
	s.expect("said [/app/other]")
	s.send("say /wi")
	s.expect("/with space")
	s.send("\t\r")
	s.expect("said [/with space]")
	s.bye()
}

// TestSlowCompletion types while suggestions are on their way: every key is shown at
// once, and the suggestions are when they come.
func TestSlowCompletion(t *testing.T) {
	dir := t.TempDir()
	create := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	create("slow")
	s := start(t, dir)
	for _, key := range "say /app/o" {
		s.send(string(key))
		s.expect(string(key))
	}
	create("go")
	s.expect("/app/other")
	s.send("\t\r")
	s.expect("said [/app/one]")
	s.bye()
}

// TestPaste pastes three lines, with and without the marks of a terminal that marks
// what is pasted.
func TestPaste(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say 1\rsay 2\rsay 3\r")
	for _, n := range []string{"1", "2", "3"} {
		s.expect("said [" + n + "]")
	}
	s.send(pasteBegin + "say 4\nsay 5\n" + pasteEnd)
	s.expect("said [4]")
	s.expect("said [5]")
	s.bye()
}

// TestSignals ends the program as the system does, while a line is typed and while a
// command runs. It must have time to clear up.
func TestSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		for _, line := range []string{"say half a li", "sleep\r"} {
			t.Run(sig.String()+" "+line, func(t *testing.T) {
				s := start(t, t.TempDir())
				s.send(line)
				if strings.HasSuffix(line, "\r") {
					s.expect("sleeping")
				} else {
					s.expect("li")
				}
				if err := s.cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				s.ends(128 + int(sig))
			})
		}
	}
}

// TestClosedTerminal closes the window.
func TestClosedTerminal(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say x")
	s.expect("x")
	_ = s.tty.Close()
	_ = s.master.Close()
	s.wait()
	b, err := os.ReadFile(filepath.Join(s.dir, "end"))
	if err != nil || string(b) != "129" {
		t.Errorf("%q %v", b, err)
	}
}

// TestResize changes the size of the window while a line is typed.
func TestResize(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say before")
	s.expect("before")
	s.resize(30, 40)
	s.expect("say before")
	s.send("-after\r")
	s.expect("said [before-after]")
	s.bye()
}

// TestRemembers has a second shell know what was typed in the first.
func TestRemembers(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	s.send("say remembered\r")
	s.expect("said [remembered]")
	s.bye()
	s = start(t, dir)
	s.send("\x1b[A\r")
	s.expect("said [remembered]")
	s.bye()
	info, err := os.Stat(filepath.Join(dir, "history"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}
