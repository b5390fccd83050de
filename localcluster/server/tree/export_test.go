package tree

import "fmt"

// Sound tells what is wrong with the tables beside the znodes.
func (t *Tree) Sound() error {
	count, eph, collected, size := 0, 0, 0, int64(0)
	users := make(map[int32]int)
	var err error
	var look func(n *Node)
	look = func(n *Node) {
		count++
		size += int64(len(n.path) + len(n.data))
		users[n.acl]++
		switch {
		case n.owner > 0:
			eph++
			if _, ok := t.sessions[n.owner].owned[n]; !ok {
				err = fmt.Errorf("%s is not in the list of its session", n.path)
			}
		case n.owner < 0:
			collected++
		}
		if n.children != nil && len(n.children) == 0 {
			err = fmt.Errorf("%s keeps a table of no children", n.path)
		}
		for name, c := range n.children {
			if c.parent != n || base(c.path) != name || t.Node(c.path) != c {
				err = fmt.Errorf("%s is not where it says", c.path)
			}
			look(c)
		}
	}
	look(t.root)
	if count != t.count || eph != t.ephCount || collected != len(t.collected) || size != t.dataSize {
		return fmt.Errorf("there are %d znodes, %d ephemerals, %d to collect, %d bytes; the tables say %d, %d, %d, %d", count, eph, collected, size, t.count, t.ephCount, len(t.collected), t.dataSize)
	}
	for id, a := range t.acls.all {
		if a == nil {
			if users[int32(id)] != 0 {
				return fmt.Errorf("ACL %d is not there, but %d znodes have it", id, users[int32(id)])
			}
			continue
		}
		if a.users != users[int32(id)] {
			return fmt.Errorf("ACL %d has %d users, not %d", id, users[int32(id)], a.users)
		}
	}
	return err
}

// Quotas is how many paths have a quota.
func (t *Tree) Quotas() int { return len(t.quotas) }
