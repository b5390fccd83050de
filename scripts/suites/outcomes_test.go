package suites

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// outcome is what a test came to.
type outcome string

const (
	passes  outcome = "passes"
	fails   outcome = "fails"
	skipped outcome = "skipped"
)

// expectation is a row of the table in ARCHITECTURE.md: a test that does not pass
// everywhere, and why.
type expectation struct {
	suite, test string
	want        map[string]outcome // by engine
	why         string
}

// expectations reads the table, which is the only place where it is.
func expectations(t *testing.T) []expectation {
	t.Helper()
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := rows(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func rows(text string) ([]expectation, error) {
	_, rest, ok := strings.Cut(text, "<!-- suites -->\n")
	table, _, end := strings.Cut(rest, "<!-- end -->")
	if !ok || !end {
		return nil, fmt.Errorf("ARCHITECTURE.md has no table of tests that do not pass")
	}
	var all []expectation
	for i, line := range slices.Collect(strings.Lines(table)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if i < 2 { // the heading
			continue
		}
		if len(cells) != 7 {
			return nil, fmt.Errorf("not a row of five cells: %s", line)
		}
		for i, cell := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cell), "`")
		}
		e := expectation{suite: cells[1], test: cells[2], why: cells[5],
			want: map[string]outcome{"embedded": outcome(cells[3]), "apache": outcome(cells[4])}}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
		all = append(all, e)
	}
	return all, nil
}

func (e expectation) check() error {
	for engine, o := range e.want {
		if o != passes && o != fails && o != skipped {
			return fmt.Errorf("%q is not what a test comes to on %s", o, engine)
		}
	}
	switch {
	case e.want["embedded"] == passes:
		return fmt.Errorf("a test that passes needs no row")
	case e.test == "" || e.why == "":
		return fmt.Errorf("the test or the reason is missing")
	case e.suite != "kazoo" && e.suite != "go-zookeeper":
		return fmt.Errorf("no suite is called %q", e.suite)
	}
	return nil
}

// verdict compares what tests came to with what is expected, and returns a line for
// each that differs, in order.
func verdict(suite, engine string, got map[string]outcome, table []expectation) []string {
	want := map[string]expectation{}
	for _, e := range table {
		if e.suite == suite {
			want[e.test] = e
		}
	}
	var wrong []string
	for _, test := range slices.Sorted(maps.Keys(got)) {
		expected := passes
		if e, ok := want[test]; ok {
			expected = e.want[engine]
		}
		if got[test] != expected {
			wrong = append(wrong, fmt.Sprintf("%s: %s, expected: %s", test, got[test], expected))
		}
	}
	for _, test := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[test]; !ok {
			wrong = append(wrong, test+": is in the table, and there is no such test")
		}
	}
	return wrong
}

// total counts what tests came to.
func total(got map[string]outcome) string {
	n := map[outcome]int{}
	for _, o := range got {
		n[o]++
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped", n[passes], n[fails], n[skipped])
}

func TestTable(t *testing.T) {
	all := expectations(t)
	seen := map[string]bool{}
	for _, e := range all {
		if seen[e.suite+" "+e.test] {
			t.Errorf("two rows for %s", e.test)
		}
		seen[e.suite+" "+e.test] = true
	}
	head := "<!-- suites -->\n| suite | test | here | Apache | why |\n|---|---|---|---|---|\n"
	for _, row := range []string{
		"| kazoo | a | fails | passes | |", "| kazoo | | fails | passes | x |", "| other | a | fails | passes | x |",
		"| kazoo | a | passes | fails | x |", "| kazoo | a | flakes | passes | x |", "| kazoo | a | fails | x |",
	} {
		if got, err := rows(head + row + "\n<!-- end -->"); err == nil {
			t.Errorf("%s is taken for %v", row, got)
		}
	}
	if _, err := rows("no table"); err == nil {
		t.Error("no table is taken for one")
	}
}

func TestVerdict(t *testing.T) {
	table, err := rows("<!-- suites -->\n| suite | test | here | Apache | why |\n|---|---|---|---|---|\n" +
		"| kazoo | `a` | fails | passes | x |\n| kazoo | `b` | skipped | fails | x |\n| go-zookeeper | `z` | fails | fails | x |\n<!-- end -->")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		engine string
		got    map[string]outcome
		want   string
	}{
		{"embedded", map[string]outcome{"a": fails, "b": skipped, "c": passes}, ""},
		{"apache", map[string]outcome{"a": passes, "b": fails, "c": passes}, ""},
		{"embedded", map[string]outcome{"a": passes, "b": skipped, "c": fails, "d": skipped},
			"a: passes, expected: fails; c: fails, expected: passes; d: skipped, expected: passes"},
		{"embedded", map[string]outcome{"a": fails}, "b: is in the table, and there is no such test"},
	} {
		if got := strings.Join(verdict("kazoo", c.engine, c.got, table), "; "); got != c.want {
			t.Errorf("%v on %s: %q, want %q", c.got, c.engine, got, c.want)
		}
	}
	if got := total(map[string]outcome{"a": passes, "b": fails, "c": passes}); got != "2 passed, 1 failed, 0 skipped" {
		t.Error(got)
	}
}
