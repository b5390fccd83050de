package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/watch"
	"github.com/zooctl/zooctl/ops/wire"
)

// fire returns who got what, sorted.
func fire(t *watch.Table[string], typ wire.EventType, path string) string {
	var got []string
	t.Fire(typ, path, func(w string, typ wire.EventType, path string) {
		got = append(got, fmt.Sprintf("%s:%d:%s", w, typ, path))
	})
	slices.Sort(got)
	return strings.Join(got, " ")
}

func TestFire(t *testing.T) {
	for _, c := range []struct {
		name string
		typ  wire.EventType
		path string
		want string
	}{
		{"created", wire.EventNodeCreated, "/a/b", "data:1:/a/b parent:4:/a"},
		{"changed", wire.EventNodeDataChanged, "/a/b", "both:3:/a/b data:3:/a/b"},
		{"deleted", wire.EventNodeDeleted, "/a/b", "both:2:/a/b child:2:/a/b data:2:/a/b parent:4:/a"},
		{"below the root", wire.EventNodeCreated, "/x", "root:4:/"},
		{"elsewhere", wire.EventNodeCreated, "/a/bb", "parent:4:/a"},
	} {
		tb := watch.New[string]()
		tb.Add(watch.Data, watch.Once, "/a/b", "data")
		tb.Add(watch.Child, watch.Once, "/a", "parent")
		tb.Add(watch.Child, watch.Once, "/", "root")
		if c.name != "created" {
			tb.Add(watch.Child, watch.Once, "/a/b", "child")
			tb.Add(watch.Data, watch.Once, "/a/b", "both")
			tb.Add(watch.Child, watch.Once, "/a/b", "both")
			tb.Add(watch.Child, watch.Once, "/a/b", "both")
		}
		if got := fire(tb, c.typ, c.path); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		left := fire(tb, c.typ, c.path)
		if left != "" {
			t.Errorf("%s: fired twice: %s", c.name, left)
		}
	}
}

func TestRemoveAndCounts(t *testing.T) {
	tb := watch.New[int]()
	for w := range 10 {
		tb.Add(watch.Data, watch.Once, "/a", w)
		tb.Add(watch.Child, watch.Once, "/a", w)
		tb.Add(watch.Data, watch.Once, fmt.Sprint("/own", w), w)
	}
	if w, p, n := tb.Counts(); w != 10 || p != 11 || n != 30 {
		t.Errorf("%d watchers, %d paths, %d watches", w, p, n)
	}
	tb.Remove(3)
	tb.Remove(3)
	tb.Fire(wire.EventNodeDataChanged, "/a", func(w int, _ wire.EventType, _ string) {
		if w == 3 {
			t.Error("a watcher that is gone was called")
		}
	})
	if w, p, n := tb.Counts(); w != 9 || p != 10 || n != 18 {
		t.Errorf("%d watchers, %d paths, %d watches", w, p, n)
	}
	for w := range 10 {
		tb.Remove(w)
	}
	if w, p, n := tb.Counts(); w != 0 || p != 0 || n != 0 {
		t.Errorf("%d watchers, %d paths, %d watches are left", w, p, n)
	}
}

// TestPersistent: a watch that stays is told again and again; a watcher that has several
// on one path is told once.
func TestPersistent(t *testing.T) {
	tb := watch.New[string]()
	tb.Add(watch.Data, watch.Persistent, "/a", "p")
	tb.Add(watch.Child, watch.Persistent, "/a", "p")
	tb.Add(watch.Data, watch.Once, "/a", "p")
	for _, c := range []struct {
		typ  wire.EventType
		path string
		want string
	}{
		{wire.EventNodeCreated, "/a", "p:1:/a"}, {wire.EventNodeDataChanged, "/a", "p:3:/a"}, {wire.EventNodeCreated, "/a/b", "p:4:/a"},
		{wire.EventNodeDeleted, "/a/b", "p:4:/a"}, {wire.EventNodeDataChanged, "/a/b", ""}, {wire.EventNodeDeleted, "/a", "p:2:/a"}, {wire.EventNodeCreated, "/a", "p:1:/a"},
	} {
		if got := fire(tb, c.typ, c.path); got != c.want {
			t.Errorf("%d of %s: %q, want %q", c.typ, c.path, got, c.want)
		}
	}
	if tb.Watches(wire.WatcherData, "/a", "p") || !tb.Watches(wire.WatcherPersistent, "/a", "p") || tb.Watches(wire.WatcherRecursive, "/a", "p") {
		t.Error("the one that fires once is there still, or the other is not")
	}
}

// TestRecursive: "recursive watch on /a: create /a/deep -> NodeCreated(1) on that path,
// no ChildrenChanged".
func TestRecursive(t *testing.T) {
	tb := watch.New[string]()
	tb.Add(watch.Data, watch.Recursive, "/a", "r")
	tb.Add(watch.Data, watch.Recursive, "/", "root")
	tb.Add(watch.Data, watch.Recursive, "/a/b", "r")
	tb.Add(watch.Child, watch.Once, "/a", "once")
	for _, c := range []struct {
		typ  wire.EventType
		path string
		want string
	}{
		{wire.EventNodeCreated, "/a/b", "once:4:/a r:1:/a/b root:1:/a/b"}, {wire.EventNodeDataChanged, "/a/b/c", "r:3:/a/b/c root:3:/a/b/c"},
		{wire.EventNodeDeleted, "/a", "r:2:/a root:2:/a"}, {wire.EventNodeCreated, "/ab", "root:1:/ab"},
	} {
		if got := fire(tb, c.typ, c.path); got != c.want {
			t.Errorf("%d of %s: %q, want %q", c.typ, c.path, got, c.want)
		}
	}
	if !tb.Unwatch(wire.WatcherAny, "/a", "r") || tb.Unwatch(wire.WatcherAny, "/a", "r") || tb.Unwatch(wire.WatcherData, "/a/b", "r") {
		t.Error("what was taken off")
	}
	if got := fire(tb, wire.EventNodeDataChanged, "/a"); got != "root:3:/a" {
		t.Errorf("after it was taken off: %s", got)
	}
	tb.Remove("root")
	tb.Unwatch(wire.WatcherRecursive, "/a/b", "r")
	if w, p, n := tb.Counts(); w+p+n != 0 {
		t.Errorf("left: %d watchers, %d paths, %d watches", w, p, n)
	}
	if got := fire(tb, wire.EventNodeDataChanged, "/a/b"); got != "" {
		t.Errorf("of nobody: %s", got)
	}
}
