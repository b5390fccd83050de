package main

import (
	"strings"
	"testing"

	"github.com/zooctl/zooctl/localcluster/clustertest"
)

func TestScaleTable(t *testing.T) {
	var r results
	for _, f := range []struct {
		engine    string
		few, many float64
	}{{embedded, 0.001, 0.0012}, {apache, 0.002, 0.006}} {
		fs := &figures{title: f.engine}
		fs.add("set"+label("znodes", 10_000), seconds, f.few)
		fs.add("set"+label("znodes", 1_000_000), seconds, f.many)
		r.add(f.engine, fs)
	}
	text := r.scaleTable([]string{embedded, apache})
	if want := "| set | 1,000,000 znodes | 1.00 ms | 1.20 ms | 1.2 | 2.00 ms | 6.00 ms | 3.0 | 0.20 |"; !strings.Contains(text, want) || strings.Count(text, "| set |") != 1 {
		t.Errorf("want one row %q in\n%s", want, text)
	}
	if text := new(results).scaleTable([]string{embedded}); text != "" {
		t.Errorf("of nothing: %q", text)
	}
}

// TestCrowd has sessions watch a znode of a real server, and counts their events.
func TestCrowd(t *testing.T) {
	server := clustertest.Start(t, 1)
	conn, err := connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := create(conn, "/w", nil); err != nil {
		t.Fatal(err)
	}
	c := newCrowd([]string{server}, "/w")
	defer c.leave()
	for _, n := range []int{3, 20} {
		if err := c.grow(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if err := c.arm(t.Context()); err != nil {
			t.Fatal(err)
		}
		events, had := c.expect(), c.events
		if events-had != 2*n {
			t.Errorf("%d sessions: %d events are expected", n, events-had)
		}
		if err := create(conn, "/w/"+string(rune('a'+n)), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Set("/w", nil, -1); err != nil {
			t.Fatal(err)
		}
		if err := c.wait(t.Context(), events); err != nil {
			t.Error(err)
		}
	}
}

// TestFill makes as many znodes as it is told to, where it is told to.
func TestFill(t *testing.T) {
	server := clustertest.Start(t, 1)
	conn, err := connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	l := &loader{raw: raw{addr: server}}
	if err := l.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer l.hangUp()
	for _, dir := range []string{"/flat", "/deep"} {
		if err := create(conn, dir, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{250, 900} {
		if err := l.fill(t.Context(), "/flat", n, 0); err != nil {
			t.Fatal(err)
		}
		if names, _, err := conn.Children("/flat"); err != nil || len(names) != n {
			t.Errorf("%d children, want %d: %v", len(names), n, err)
		}
	}
	if err := l.fill(t.Context(), "/deep", 2500, 1000); err != nil {
		t.Fatal(err)
	}
	if names, _, err := conn.Children("/deep"); err != nil || len(names) != 3 {
		t.Errorf("directories %v, want 3: %v", names, err)
	}
}
