// Package watch is one server's watch table: who waits for which change of which
// znode.
//
// Watches are not replicated. A server fills its table from the requests of its own
// connections and fires it with the changes that it applies, in their order. A watch
// fires once, or stays if it was left to stay. The package sends nothing itself: it
// calls back for every watcher. It knows no clock, starts no goroutine, and holds its
// lock for the table alone, never while it calls back.
//
// As in Apache ZooKeeper there are two tables in one, of data and of children, and a
// watcher is told of a change once by each of them, however many of its watches see it.
package watch

import (
	"slices"
	"strings"
	"sync"

	"github.com/zooctl/zooctl/ops/wire"
)

// Kind says what a watch waits for.
type Kind uint8

// The kinds of watches.
const (
	Data  Kind = iota // creation, change of data, deletion: left by exists and getData
	Child             // change of the list of children, deletion: left by getChildren
	kinds
)

// Mode is a set of ways in which a watcher watches one path.
type Mode uint8

// The modes.
const (
	Once       Mode = 1 << iota // it is gone when it has fired
	Persistent                  // it stays
	Recursive                   // it stays, and sees what is below the path too: of the kind Data alone
	anyMode    = Once | Persistent | Recursive
)

// Table holds the watches of watchers of type W.
type Table[W comparable] struct {
	mu        sync.Mutex
	byPath    [kinds]map[string]map[W]Mode
	byW       map[W]map[key]struct{}
	total     int
	recursive int
}

type key struct {
	kind Kind
	path string
}

// New returns an empty table.
func New[W comparable]() *Table[W] {
	t := &Table[W]{byW: make(map[W]map[key]struct{})}
	for k := range t.byPath {
		t.byPath[k] = make(map[string]map[W]Mode)
	}
	return t
}

// Add leaves a watch. The same watch twice is one.
func (t *Table[W]) Add(k Kind, m Mode, path string, w W) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ws := t.byPath[k][path]
	if ws == nil {
		ws = make(map[W]Mode)
		t.byPath[k][path] = ws
	}
	had := ws[w]
	if had|m == had {
		return
	}
	ws[w] = had | m
	if m&Recursive != 0 {
		t.recursive++
	}
	if had != 0 {
		return
	}
	keys := t.byW[w]
	if keys == nil {
		keys = make(map[key]struct{})
		t.byW[w] = keys
	}
	keys[key{k, path}] = struct{}{}
	t.total++
}

// Fire takes off the watches that a change sets off, but for those that stay, and calls
// send for each watcher with the event that it gets: for a created or changed znode its
// data watches; for a deleted one its data and child watches, one event a watcher; and
// after a creation or deletion the child watches of its parent.
func (t *Table[W]) Fire(typ wire.EventType, path string, send func(w W, typ wire.EventType, path string)) {
	own := t.trigger(Data, path)
	for _, w := range own {
		send(w, typ, path)
	}
	if typ == wire.EventNodeDataChanged {
		return
	}
	if typ == wire.EventNodeDeleted {
		others := t.trigger(Child, path)
		if len(own) > 0 && len(others) > 0 {
			told := make(map[W]struct{}, len(own))
			for _, w := range own {
				told[w] = struct{}{}
			}
			others = slices.DeleteFunc(others, func(w W) bool { _, ok := told[w]; return ok })
		}
		for _, w := range others {
			send(w, typ, path)
		}
	}
	if path == "/" {
		return
	}
	above := parent(path)
	for _, w := range t.trigger(Child, above) {
		send(w, wire.EventNodeChildrenChanged, above)
	}
}

func parent(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 1)] }

// trigger returns who watches a path, or recursively one above it, each once.
func (t *Table[W]) trigger(k Kind, path string) []W {
	t.mu.Lock()
	defer t.mu.Unlock()
	ws := t.byPath[k][path]
	all := make([]W, 0, len(ws))
	for w, m := range ws {
		all = append(all, w)
		if m&Once != 0 {
			t.take(key{k, path}, w, Once)
		}
	}
	if k == Data && t.recursive > 0 {
		all = t.fromAbove(all, path)
	}
	return all
}

// fromAbove adds who watches the paths above this one recursively. The caller holds the
// lock.
func (t *Table[W]) fromAbove(all []W, path string) []W {
	here := len(all)
	var seen map[W]struct{}
	for path != "/" {
		path = parent(path)
		for w, m := range t.byPath[Data][path] {
			if m&Recursive == 0 {
				continue
			}
			if seen == nil {
				seen = make(map[W]struct{}, here+1)
				for _, x := range all {
					seen[x] = struct{}{}
				}
			}
			if _, ok := seen[w]; !ok {
				seen[w] = struct{}{}
				all = append(all, w)
			}
		}
	}
	return all
}

// take removes modes of one watcher from one path, and tells whether there was one of
// them. The caller holds the lock.
func (t *Table[W]) take(at key, w W, m Mode) bool {
	ws := t.byPath[at.kind][at.path]
	had := ws[w]
	if had&m == 0 {
		return false
	}
	if had&m&Recursive != 0 {
		t.recursive--
	}
	if left := had &^ m; left != 0 {
		ws[w] = left
		return true
	}
	if delete(ws, w); len(ws) == 0 {
		delete(t.byPath[at.kind], at.path)
	}
	keys := t.byW[w]
	if delete(keys, at); len(keys) == 0 {
		delete(t.byW, w)
	}
	t.total--
	return true
}

// modes says what a type in a request to look for watches, or to take them off, means.
func modes(typ wire.WatcherType) (data, child Mode) {
	switch typ {
	case wire.WatcherChildren:
		return 0, Once
	case wire.WatcherData:
		return Once, 0
	case wire.WatcherPersistent:
		return Persistent, Persistent
	case wire.WatcherRecursive:
		return Recursive, 0
	}
	return anyMode, anyMode
}

// Unwatch takes off the watches of one type that w has on a path, and tells whether
// there were any.
func (t *Table[W]) Unwatch(typ wire.WatcherType, path string, w W) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	data, child := modes(typ)
	had := t.take(key{Data, path}, w, data)
	return t.take(key{Child, path}, w, child) || had
}

// Watches tells whether w has watches of one type on a path.
func (t *Table[W]) Watches(typ wire.WatcherType, path string, w W) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	data, child := modes(typ)
	return t.byPath[Data][path][w]&data != 0 || t.byPath[Child][path][w]&child != 0
}

// Remove takes off all watches of w.
func (t *Table[W]) Remove(w W) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.byW[w] {
		t.take(k, w, anyMode)
	}
}

// Counts returns how many watchers there are, on how many paths, with how many
// watches in all.
func (t *Table[W]) Counts() (watchers, paths, watches int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	paths = len(t.byPath[Data])
	for p := range t.byPath[Child] {
		if _, both := t.byPath[Data][p]; !both {
			paths++
		}
	}
	return len(t.byW), paths, t.total
}
