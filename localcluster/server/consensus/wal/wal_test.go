package wal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/consensus/wal"
)

const head = "head"

// open opens the log in dir and returns its records, heads of segments left out.
func open(t testing.TB, dir string, segment int64) (*wal.Log, []string, error) {
	t.Helper()
	var have []string
	l, err := wal.Open(dir, wal.Options{SegmentBytes: segment, Head: func() []byte { return []byte(head) }}, func(b []byte) error {
		if string(b) != head {
			have = append(have, string(b))
		}
		return nil
	})
	if err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	return l, have, err
}

// fill makes a log of n records of various lengths, and returns them.
func fill(t testing.TB, dir string, segment int64, n int) []string {
	t.Helper()
	l, _, err := open(t, dir, segment)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("record %d %s", i, strings.Repeat("x", i*7%40)))
		if err := l.Append([]byte(all[i]), uint64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	return names
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	want := fill(t, dir, 512, 100)
	if n := len(segments(t, dir)); n < 10 {
		t.Errorf("%d segments", n)
	}
	for i := range 3 {
		l, have, err := open(t, dir, 512)
		if err != nil || !slices.Equal(have, want) {
			t.Fatalf("%d of %d records came back, %v", len(have), len(want), err)
		}
		want = append(want, fmt.Sprint("later ", i))
		if err := l.Append([]byte(want[len(want)-1]), 101); err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
}

// TestLongRecord: one that is longer than a segment has a segment that is longer.
func TestLongRecord(t *testing.T) {
	dir := t.TempDir()
	l, _, err := open(t, dir, 512)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{strings.Repeat("a", 5000), "b", strings.Repeat("c", 2<<20)}
	for _, s := range want {
		if err := l.Append([]byte(s), 1); err != nil {
			t.Fatal(err)
		}
	}
	_ = l.Close()
	if _, have, err := open(t, dir, 512); err != nil || !slices.Equal(have, want) {
		t.Errorf("%d records, %v", len(have), err)
	}
}

// TestTornTail leaves every possible part of the last record, as a crash may, with
// zeros, garbage or nothing behind it. What came before is there, and the log goes on.
func TestTornTail(t *testing.T) {
	master := t.TempDir()
	want := fill(t, master, 4096, 12)
	file := segments(t, master)[0]
	whole := read(t, file)
	last := bytes.LastIndex(whole, []byte(want[11]))
	start, end := last-24, last+len(want[11])
	for cut := start; cut < end; cut++ {
		for _, rest := range []string{"zero", "garbage", "end"} {
			b := slices.Clone(whole)
			switch rest {
			case "zero":
				clear(b[cut:])
			case "garbage":
				for i := cut; i < end; i++ {
					b[i] ^= 0xa5
				}
			case "end":
				b = b[:cut]
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, filepath.Base(file)), b)
			l, have, err := open(t, dir, 4096)
			if err != nil || !slices.Equal(have, want[:11]) {
				t.Fatalf("cut at %d, %s behind it: %d records, %v", cut, rest, len(have), err)
			}
			if err := l.Append([]byte("next"), 99); err != nil {
				t.Fatal(err)
			}
			_ = l.Close()
			if l, have, err = open(t, dir, 4096); err != nil || len(have) != 12 || have[11] != "next" {
				t.Fatalf("cut at %d, %s behind it, then one more: %d records, %v", cut, rest, len(have), err)
			}
			_ = l.Close()
		}
	}
}

// TestDamage flips one bit in every byte that was acknowledged and followed by
// something. Each time the log is refused, with the file and an offset at or before
// the damage.
func TestDamage(t *testing.T) {
	master := t.TempDir()
	want := fill(t, master, 512, 20)
	names := segments(t, master)
	if len(names) < 3 {
		t.Fatal(names)
	}
	for i, name := range names {
		whole := read(t, name)
		end := len(bytes.TrimRight(whole, "\x00"))
		if i == len(names)-1 {
			end = bytes.Index(whole, []byte(want[19])) - 24
		}
		for at := range end {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(master)); err != nil {
				t.Fatal(err)
			}
			b := slices.Clone(whole)
			b[at] ^= 1 << (at % 8)
			write(t, filepath.Join(dir, filepath.Base(name)), b)
			_, have, err := open(t, dir, 512)
			bad, ok := errors.AsType[*wal.DamagedError](err)
			switch {
			case err == nil && at >= end-8 && slices.Equal(have, want):
				// padding, which nobody reads
			case err == nil && padding(whole, at, want):
			case !ok:
				t.Fatalf("%s, byte %d of %d: %d records, %v", filepath.Base(name), at, end, len(have), err)
			case bad.Offset > int64(at):
				t.Fatalf("%s, byte %d: said to be at %d", filepath.Base(name), at, bad.Offset)
			}
		}
	}
}

// padding tells whether a byte is in none of the records, whose lengths are rounded
// up to eight.
func padding(seg []byte, at int, records []string) bool {
	for _, r := range append([]string{head}, records...) {
		if i := bytes.Index(seg, []byte(r)); i >= 0 && at >= i+len(r) && at < (i+len(r)+7)&^7 {
			return true
		}
	}
	return false
}

func TestSegments(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, names []string)
		want  string
	}{
		"missing in the middle": {func(t *testing.T, names []string) { os.Remove(names[1]) }, "it is segment 3 and follows segment 1"},
		"renamed":               {func(t *testing.T, names []string) { os.Rename(names[1], names[0]) }, "it is segment 2 by its header"},
		"empty":                 {func(t *testing.T, names []string) { write(t, names[0], nil) }, "this is no header of a log"},
		"of another log": {func(t *testing.T, names []string) {
			other := t.TempDir()
			fill(t, other, 512, 30)
			write(t, names[1], read(t, segments(t, other)[1]))
		}, "it belongs to another log"},
		"cut in the middle": {func(t *testing.T, names []string) { write(t, names[1], read(t, names[1])[:300]) }, "is not intact"},
		"of zeros behind its header": {func(t *testing.T, names []string) { b := read(t, names[2]); clear(b[40:]); write(t, names[2], b) },
			"is not intact"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir, 512, 30)
			c.spoil(t, segments(t, dir))
			_, _, err := open(t, dir, 512)
			if _, ok := errors.AsType[*wal.DamagedError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestCrashWhileCutting: a segment that was being made has not its name yet.
func TestCrashWhileCutting(t *testing.T) {
	dir := t.TempDir()
	want := fill(t, dir, 512, 10)
	write(t, filepath.Join(dir, "unfinished"), []byte("half a hea"))
	if _, have, err := open(t, dir, 512); err != nil || !slices.Equal(have, want) {
		t.Errorf("%d records, %v", len(have), err)
	}
}

func TestDropBefore(t *testing.T) {
	dir := t.TempDir()
	want := fill(t, dir, 512, 100)
	l, _, err := open(t, dir, 512)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.DropBefore(50); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	l, have, err := open(t, dir, 512)
	if err != nil || !slices.Equal(have, want[100-len(have):]) || len(have) < 51 || len(have) > 70 {
		t.Fatalf("%d records from 50 on, %v", len(have), err)
	}
	if err := l.DropBefore(1000); err != nil {
		t.Fatal(err)
	}
	if n := len(segments(t, dir)); n != 1 {
		t.Errorf("%d segments are left", n)
	}
}

// TestBroken: after an error nothing is written any more.
func TestBroken(t *testing.T) {
	dir := t.TempDir()
	want := fill(t, dir, 512, 4)
	l, _, err := open(t, dir, 512)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(nil, 0); err == nil {
		t.Error("an empty record was taken")
	}
	if err := l.Append([]byte("x"), 0); err == nil {
		t.Error("a record was taken after an error")
	}
	_ = l.Close()
	if _, have, err := open(t, dir, 512); err != nil || !slices.Equal(have, want) {
		t.Errorf("%d records, %v", len(have), err)
	}
}

func TestReplayRefuses(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 512, 4)
	_, err := wal.Open(dir, wal.Options{}, func([]byte) error { return errors.New("not mine") })
	if err == nil || !strings.Contains(err.Error(), segments(t, dir)[0]) || !strings.Contains(err.Error(), "not mine") {
		t.Error(err)
	}
}

// FuzzOpen spoils a segment in any way: Open says so, or gives back a beginning of
// what was written, and never anything else.
func FuzzOpen(f *testing.F) {
	master := f.TempDir()
	want := fill(f, master, 1024, 10)
	file := segments(f, master)[0]
	whole := read(f, file)
	f.Add(uint64(1), uint8(3))
	f.Add(uint64(7), uint8(200))
	f.Fuzz(func(t *testing.T, seed uint64, changes uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := slices.Clone(whole)
		for range changes {
			i := r.IntN(len(b))
			switch r.IntN(3) {
			case 0:
				b[i] = byte(r.Uint32())
			case 1:
				copy(b[i:], b[r.IntN(len(b)):]) // a record in another place
			case 2:
				clear(b[i:min(i+r.IntN(600), len(b))])
			}
		}
		dir := t.TempDir()
		write(t, filepath.Join(dir, filepath.Base(file)), b)
		_, have, err := open(t, dir, 1024)
		if err == nil && (len(have) > len(want) || !slices.Equal(have, want[:len(have)])) {
			t.Errorf("%q came back", have)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	l, _, err := open(b, b.TempDir(), 0)
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, 150)
	for b.Loop() {
		if err := l.Append(data, 1); err != nil {
			b.Fatal(err)
		}
	}
}
