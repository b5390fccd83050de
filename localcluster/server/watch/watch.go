// Package watch is one server's watch table: who waits for which change of which
// znode.
//
// Watches are not replicated. A server fills its table from the reads of its own
// connections and fires it with the changes that it applies, in their order. A
// watch fires once. The package sends nothing itself: it calls back for every
// watcher. It knows no clock, starts no goroutine, and holds its lock for the
// table alone, never while it calls back.
package watch

import (
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

// Table holds the watches of watchers of type W.
type Table[W comparable] struct {
	mu     sync.Mutex
	byPath [kinds]map[string]map[W]struct{}
	byW    map[W]map[key]struct{}
	total  int
}

type key struct {
	kind Kind
	path string
}

// New returns an empty table.
func New[W comparable]() *Table[W] {
	t := &Table[W]{byW: make(map[W]map[key]struct{})}
	for k := range t.byPath {
		t.byPath[k] = make(map[string]map[W]struct{})
	}
	return t
}

// Add leaves a watch. The same watch twice is one.
func (t *Table[W]) Add(k Kind, path string, w W) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ws := t.byPath[k][path]
	if ws == nil {
		ws = make(map[W]struct{})
		t.byPath[k][path] = ws
	}
	if _, ok := ws[w]; ok {
		return
	}
	ws[w] = struct{}{}
	keys := t.byW[w]
	if keys == nil {
		keys = make(map[key]struct{})
		t.byW[w] = keys
	}
	keys[key{k, path}] = struct{}{}
	t.total++
}

// Fire takes off the watches that a change sets off and calls send for each
// watcher with the event that it gets: for a created or changed znode its data
// watches; for a deleted one its data and child watches, one event a watcher;
// and after a creation or deletion the child watches of its parent.
func (t *Table[W]) Fire(typ wire.EventType, path string, send func(w W, typ wire.EventType, path string)) {
	own := t.take(Data, path)
	for w := range own {
		send(w, typ, path)
	}
	if typ == wire.EventNodeDataChanged {
		return
	}
	if typ == wire.EventNodeDeleted {
		for w := range t.take(Child, path) {
			if _, told := own[w]; !told {
				send(w, typ, path)
			}
		}
	}
	if path == "/" {
		return
	}
	parent := path[:max(strings.LastIndexByte(path, '/'), 1)]
	for w := range t.take(Child, parent) {
		send(w, wire.EventNodeChildrenChanged, parent)
	}
}

// take removes and returns the watches of one kind on a path.
func (t *Table[W]) take(k Kind, path string) map[W]struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	ws := t.byPath[k][path]
	if ws == nil {
		return nil
	}
	delete(t.byPath[k], path)
	for w := range ws {
		keys := t.byW[w]
		if delete(keys, key{k, path}); len(keys) == 0 {
			delete(t.byW, w)
		}
	}
	t.total -= len(ws)
	return ws
}

// Remove takes off all watches of w.
func (t *Table[W]) Remove(w W) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.byW[w] {
		ws := t.byPath[k.kind][k.path]
		if delete(ws, w); len(ws) == 0 {
			delete(t.byPath[k.kind], k.path)
		}
		t.total--
	}
	delete(t.byW, w)
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
