package tree

import (
	"iter"

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

// Session returns a session by its id.
func (t *Tree) Session(id int64) (Session, bool) {
	if s := t.sessions[id]; s != nil {
		return *s, true
	}
	return Session{}, false
}

// Sessions returns all sessions in no order.
func (t *Tree) Sessions() iter.Seq[Session] {
	return func(yield func(Session) bool) {
		for _, s := range t.sessions {
			if !yield(*s) {
				return
			}
		}
	}
}
