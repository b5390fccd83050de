package tree

import (
	"maps"
	"slices"
)

// Ephemerals returns the paths of the ephemeral znodes by the session that owns them,
// in no order.
func (t *Tree) Ephemerals() map[int64][]string {
	all := make(map[int64][]string, len(t.ephemerals))
	for id, paths := range t.ephemerals {
		all[id] = slices.Collect(maps.Keys(paths))
	}
	return all
}

// SessionCount returns the number of sessions.
func (t *Tree) SessionCount() int { return len(t.sessions) }

// Succeed makes t, which was loaded, the state after old: the znodes and sessions are
// t's, the members of the ensemble stay old's, and zxids go on growing from the larger of
// both.
func (t *Tree) Succeed(old *Tree, term uint64) {
	t.zxid = max(t.zxid, old.next(term))
	t.members, t.configVersion, t.pending = old.members, old.configVersion, old.pending
	if n, was := t.nodes[ConfigPath], old.nodes[ConfigPath]; n != nil && was != nil {
		t.dataSize += int64(len(was.data) - len(n.data))
		n.data, n.image = was.data, was.image
	}
}
