package peers_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
)

var (
	zxid  = regexp.MustCompile(`(?i)xid ?= ?0x([0-9a-f]+)`)
	owner = regexp.MustCompile(`ephemeralOwner = 0x([0-9a-f]+)`)
	// The time of day; and the zxid of an event, which servers tell since 3.9 only.
	noise = regexp.MustCompile(`(?m)^[cm]time = .*\n| zxid: -?[0-9]+$`)
)

// normal replaces what differs between two runs: zxids by their place in the order of
// all that are told, and sessions likewise. Zero stays zero.
func normal(transcript string) string {
	transcript = noise.ReplaceAllString(transcript, "")
	transcript = byOrder(transcript, zxid, "z")
	return byOrder(transcript, owner, "session ")
}

func byOrder(text string, number *regexp.Regexp, name string) string {
	var all []uint64
	value := func(digits string) uint64 {
		n, err := strconv.ParseUint(digits, 16, 64)
		if err != nil {
			return ^uint64(0) // more than 64 bits; it will differ
		}
		return n
	}
	for _, m := range number.FindAllStringSubmatch(text, -1) {
		if n := value(m[1]); n != 0 {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return number.ReplaceAllStringFunc(text, func(s string) string {
		digits := number.FindStringSubmatch(s)[1]
		n := value(digits)
		if n == 0 {
			return s
		}
		i, _ := slices.BinarySearch(all, n)
		return strings.TrimSuffix(s, "0x"+digits) + fmt.Sprint(name, i+1)
	})
}

func TestNormal(t *testing.T) {
	got := normal("cZxid = 0x20\nctime = now\nmZxid = 0x100\npZxid = 0x0\nephemeralOwner = 0xab\n{czxid=0x3 mzxid=0x20}\nstate:x zxid: -1\nstate:y zxid: 17\n")
	want := "cZxid = z2\nmZxid = z3\npZxid = 0x0\nephemeralOwner = session 1\n{czxid=z1 mzxid=z2}\nstate:x\nstate:y\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// hold compares a transcript to the one in file, and to the least that a whole one has:
// a program that does nothing is equal everywhere.
func hold(t *testing.T, file, engine, transcript string, lines int) {
	t.Helper()
	if n := strings.Count(transcript, "\n"); n < lines {
		t.Errorf("%s on %s: only %d lines, of %d at least:\n%s", file, engine, n, lines, transcript)
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff.Diff(file, want, engine, []byte(transcript)); d != nil {
		t.Errorf("%s", d)
	}
}
