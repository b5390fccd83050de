package watch

// List returns the paths with watches of one kind, and who watches each, in no order.
func (t *Table[W]) List(k Kind) map[string][]W {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make(map[string][]W, len(t.byPath[k]))
	for path, ws := range t.byPath[k] {
		for w := range ws {
			all[path] = append(all[path], w)
		}
	}
	return all
}
