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
		tb.Add(watch.Data, "/a/b", "data")
		tb.Add(watch.Child, "/a", "parent")
		tb.Add(watch.Child, "/", "root")
		if c.name != "created" {
			tb.Add(watch.Child, "/a/b", "child")
			tb.Add(watch.Data, "/a/b", "both")
			tb.Add(watch.Child, "/a/b", "both")
			tb.Add(watch.Child, "/a/b", "both")
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
		tb.Add(watch.Data, "/a", w)
		tb.Add(watch.Child, "/a", w)
		tb.Add(watch.Data, fmt.Sprint("/own", w), w)
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
