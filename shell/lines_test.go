package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// record is a Shell that notes what it runs; "fail N" has the status N, "leave N"
// leaves with it.
func record(in io.Reader) (*Shell, *[]string) {
	var ran []string
	left, status := false, 0
	s := &Shell{In: in, Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
	s.Run = func(_ context.Context, words []string) int {
		ran = append(ran, strings.Join(words, "|"))
		n := 0
		if len(words) == 2 {
			fmt.Sscan(words[1], &n)
		}
		if words[0] == "leave" {
			left, status = true, n
		}
		return n
	}
	s.Leave = func() (int, bool) { return status, left }
	return s, &ran
}

func TestLines(t *testing.T) {
	for _, k := range []struct {
		in     string
		ran    []string
		status int
	}{
		{"a\nb c\n", []string{"a", "b|c"}, 0},
		{"a\n\n# note\nb", []string{"a", "b"}, 0},
		{"a\nfail 7\nb\n", []string{"a", "fail|7"}, 7},
		{"a\nleave 3\nb\n", []string{"a", "leave|3"}, 3},
		{"a\n'\nb\n", []string{"a"}, 64},
		{"", nil, 0},
		{"a\r\nb\r\n", []string{"a", "b"}, 0},
	} {
		s, ran := record(strings.NewReader(k.in))
		if status := s.Lines(t.Context()); status != k.status || !slices.Equal(*ran, k.ran) {
			t.Errorf("%q: %q %d, want %q %d", k.in, *ran, status, k.ran, k.status)
		}
	}
}

// TestLongLine has a line that is as long as a value may be, and one that is not.
func TestLongLine(t *testing.T) {
	long := strings.Repeat("x", 2<<20)
	s, ran := record(strings.NewReader(long + "\n" + strings.Repeat("y", maxLine+1) + "\n"))
	if status := s.Lines(t.Context()); status != 64 || !slices.Equal(*ran, []string{long}) {
		t.Errorf("%d, %d lines", status, len(*ran))
	}
}

// TestLinesEnd ends the context while nothing comes from the input.
func TestLinesEnd(t *testing.T) {
	in, w := io.Pipe()
	defer w.Close()
	s, _ := record(in)
	why := errors.New("enough")
	var told error
	s.Fail = func(err error) int { told = err; return 99 }
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if status := s.Lines(ctx); status != 99 || told != why {
		t.Errorf("%d %v", status, told)
	}
}

func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dir", "history")
	h := openHistory(file)
	for _, line := range []string{"a", "b", "b", "", " secret", "c"} {
		h.add(line)
	}
	if got := openHistory(file).lines; !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("%q", got)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("old\n", historySize+5)+"new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := openHistory(file).lines; len(got) != historySize || got[historySize-1] != "new" {
		t.Errorf("%d lines", len(got))
	}
	if b, err := os.ReadFile(file); err != nil || bytes.Count(b, []byte("\n")) != historySize {
		t.Errorf("the file has %d lines, %v", bytes.Count(b, []byte("\n")), err)
	}
	openHistory("/dev/null/no/where").add("x") // without a place there is no history, and no failure
}
