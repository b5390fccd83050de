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
