//go:build linux || darwin

package shell

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/c-bata/go-prompt"
)

// shown tells whether text is on the terminal, which forgets nothing for it.
func (s *session) shown(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.seen.String(), text)
}

// drawn ends what the library writes for a key: it shows the cursor again.
const drawn = "\x1b[?25h"

// touch makes a file that the child looks for.
func touch(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOwnKeys has the library take the keys that only the shell presses for those that
// the editor binds.
func TestOwnKeys(t *testing.T) {
	for key, want := range map[string]prompt.Key{wakeKey: prompt.Ignore, leaveKey: prompt.F23, acceptKey: prompt.F24} {
		if got := prompt.GetKey([]byte(key)); got != want {
			t.Errorf("%q is %v, want %v", key, got, want)
		}
	}
}

// TestOpenFiles counts the files that are open after one line and after many: the
// library opens one for every editor that it makes, and never closes it.
func TestOpenFiles(t *testing.T) {
	s := start(t, t.TempDir())
	count := func() (n int) {
		s.send("files\r")
		s.expect("open [")
		s.until("a number", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			_, err := fmt.Sscanf(s.seen.String(), "%d] <nil>", &n)
			return err == nil
		})
		s.expect("test> ")
		return n
	}
	before := count()
	for range 20 {
		s.send("say x\r")
		s.expect("said [x]")
		s.expect("test> ")
	}
	if after := count(); after != before {
		t.Errorf("%d files are open, %d before", after, before)
	}
	s.send("\x04")
	s.ends(0)
}

// TestTitle leaves the title of the window alone.
func TestTitle(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say x\r")
	s.until("a prompt after the line", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, after, ok := strings.Cut(s.seen.String(), "said [x]")
		return ok && strings.Contains(after, "test> ")
	})
	if s.shown("\x1b]2;") {
		t.Error("the title was set")
	}
	s.send("\x04")
	s.ends(0)
}

// TestOnlySuggestion takes the only suggestion at Tab, and ends the word unless there
// may be something below it.
func TestOnlySuggestion(t *testing.T) {
	s := start(t, t.TempDir())
	for _, c := range []struct{ typed, shown, rest, said string }{
		{"say /app/on", "/app/one", "more\r", "said [/app/one|more]"},
		{"say /be", "/below/", "leaf\r", "said [/below/leaf]"},
		{`say "/with s`, `space"`, "x\r", "said [/with space|x]"},
		{`say /with\ s`, `space`, "x\r", "said [/with space|x]"},
	} {
		s.send(c.typed)
		s.expect(c.shown)
		s.send("\t" + c.rest)
		s.expect(c.said)
		s.expect("test> ")
	}
	s.send("\x04")
	s.ends(0)
}

// TestTabWhileSlow presses Tab before there is anything to choose from. What comes is
// shown nevertheless.
func TestTabWhileSlow(t *testing.T) {
	dir := t.TempDir()
	touch(t, dir, "slow")
	s := start(t, dir)
	s.send("say /app/ot")
	s.expect("/app/ot")
	s.expect(drawn)
	s.send("\t")
	s.expect(drawn)
	touch(t, dir, "go")
	s.expect("/app/other")
	s.send("\t\r")
	s.expect("said [/app/other]")
	s.bye()
}

// TestManyResizes types between changes of the window. No key is lost.
func TestManyResizes(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say ")
	want := ""
	for i := range 20 {
		want += string(rune('a' + i))
		s.resize(uint16(24+i%5), uint16(60+i))
		s.send(want[i:])
	}
	s.send("\r")
	s.expect("said [" + want + "]")
	s.bye()
}

// TestLongTyped has a line that fills the window: the library must have room for it.
func TestLongTyped(t *testing.T) {
	s := start(t, t.TempDir())
	long := strings.Repeat("x", 1700)
	s.send("say " + long + "\r")
	s.until("the answer", func() bool { return s.shown("said [" + long + "]") })
	if s.shown("too small") {
		t.Error("the screen was cleared")
	}
	s.expect("said [")
	s.bye()
}

// TestEndBeforeKeys has Ctrl-D on an empty line end the shell whatever follows it.
func TestEndBeforeKeys(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("\x04\rsay never\r")
	s.ends(0)
}

// TestInterrupt sends the signal, not the key.
func TestInterrupt(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("say never")
	s.expect("never")
	for _, wait := range []string{"test> ", "woken"} {
		if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		s.expect(wait)
		if wait == "test> " {
			s.send("sleep\r")
			s.expect("sleeping")
		}
	}
	s.bye()
}

// TestClosedWhileRunning closes the window while a command runs.
func TestClosedWhileRunning(t *testing.T) {
	s := start(t, t.TempDir())
	s.send("sleep\r")
	s.expect("sleeping")
	_ = s.tty.Close()
	_ = s.master.Close()
	s.wait()
	if b, err := os.ReadFile(filepath.Join(s.dir, "end")); err != nil || string(b) != "129" {
		t.Errorf("%q %v", b, err)
	}
}

// TestDumb reads lines from a terminal that can do nothing, and leaves to a command
// what it asks for.
func TestDumb(t *testing.T) {
	dir := t.TempDir()
	touch(t, dir, "dumb")
	s := start(t, dir)
	s.send("say a\n")
	s.expect("said [a]")
	s.expect("test> ")
	s.send("ask\n")
	s.expect("ask")
	s.send("yes\n")
	s.expect("heard [yes]")
	s.expect("test> ")
	s.send("\x04")
	s.ends(0)
}

// TestSignalledBeforeRun has a signal come between the end of a line and its run.
func TestSignalledBeforeRun(t *testing.T) {
	s, ran := record(nil)
	e := &editor{Shell: s, completer: newCompleter(t.Context(), nil, nil), status: 143}
	e.run(t.Context(), "say x")
	if len(*ran) != 0 {
		t.Errorf("%q ran", *ran)
	}
	e.status = 0
	e.run(context.Background(), "say x")
	if len(*ran) != 1 {
		t.Errorf("%q ran", *ran)
	}
}
