package tree

// AllEphemerals returns the paths of the ephemeral znodes by the session that owns
// them, each list sorted.
func (t *Tree) AllEphemerals() map[int64][]string {
	all := make(map[int64][]string)
	for id, s := range t.sessions {
		if len(s.owned) > 0 {
			all[id] = s.paths("")
		}
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
	if n, was := t.Node(ConfigPath), old.Node(ConfigPath); n != nil && was != nil {
		t.dataSize += int64(len(was.data) - len(n.data))
		n.data, n.image = was.data, was.image
	}
}
