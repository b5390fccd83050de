package tree

import (
	"iter"
	"slices"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// Session is one session as all servers know it.
type Session struct {
	ID       int64
	Timeout  int32 // milliseconds
	Password [wire.PasswordLen]byte
	Conn     uint64 // nonce of the connection that owns it
	seq      uint32 // of that connection's last write
}

// session is a Session with what it owns.
type session struct {
	Session

	owned map[*Node]struct{} // ephemerals; nil until there is one
}

func (s *session) own(n *Node) {
	if s.owned == nil {
		s.owned = make(map[*Node]struct{})
	}
	s.owned[n] = struct{}{}
}

// paths returns those of the session's ephemerals that begin with prefix, sorted.
func (s *session) paths(prefix string) []string {
	var all []string
	for n := range s.owned {
		if strings.HasPrefix(n.path, prefix) {
			all = append(all, n.path)
		}
	}
	slices.Sort(all)
	return all
}

// Session returns a session by its id.
func (t *Tree) Session(id int64) (Session, bool) {
	if s := t.sessions[id]; s != nil {
		return s.Session, true
	}
	return Session{}, false
}

// Sessions returns all sessions in no order.
func (t *Tree) Sessions() iter.Seq[Session] {
	return func(yield func(Session) bool) {
		for _, s := range t.sessions {
			if !yield(s.Session) {
				return
			}
		}
	}
}

// Ephemerals returns the paths of a session's ephemeral znodes that begin with prefix,
// sorted. Prefix is text, not a path: "/a" is one of "/ab" too.
func (t *Tree) Ephemerals(id int64, prefix string) []string {
	if s := t.sessions[id]; s != nil {
		return s.paths(prefix)
	}
	return nil
}
