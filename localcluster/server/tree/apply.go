package tree

import (
	"encoding/binary"

	"github.com/zooctl/zooctl/ops/wire"
)

// Txn is one transaction: a client's write, or what happens to a session.
type Txn struct {
	Term    uint64 // of the leader that proposed it; the upper half of its zxid
	Time    int64  // of that leader's clock, in milliseconds since 1970
	Session int64
	Conn    uint64 // nonce of the connection that it came by; 0 for the leader's own
	Seq     uint32 // counts the writes of that connection, from 1
	Op      wire.Op
	Rules   Rules
	Who     []byte // the connection's identities ([wire.Identities]), decoded only where an ACL asks
	Body    []byte // the client's request as it came; like Who only valid during Apply
}

// Result is what a transaction did. Its slices are valid until the next Apply
// into it.
type Result struct {
	Code    wire.Code
	Zxid    int64  // of the transaction, or the last one if it took none
	Path    string // create, create2, sync
	Stat    wire.Stat
	Multi   []wire.MultiResult
	Changes []Change
	Over    string // a quota that was gone beyond, in words; or ""
	Data    []byte // reconfig
	Pending bool   // a reconfig that is under way now: it is answered when it has ended
	Asker   uint64 // the connection that asked for a reconfig that ended by this, or 0
	Moved   uint64 // the connection that lost its session by this, or 0
	Closed  int64  // the session that ended by this, or 0
}

// Change is one change of a znode: EventNodeCreated, EventNodeDeleted or
// EventNodeDataChanged.
type Change struct {
	Type   wire.EventType
	Path   string
	ACL    *Guard // of the znode
	Parent *Guard // of the one above it
}

// Apply applies a transaction and puts into res what it did, failure included.
//
// A write is refused unless it comes by the connection that owns its session and
// is the next in that connection's order. A proposal that got lost on the way, or
// a late copy of one, is thus found out on every server alike.
//
// "Every write that reaches the log takes a zxid, failed ones too, and so do
// createSession/closeSession". A sync takes none, nor does a session that moves,
// nor a write that is refused for its session.
func (t *Tree) Apply(txn *Txn, res *Result) {
	*res = Result{Zxid: t.zxid, Multi: res.Multi[:0], Changes: res.Changes[:0]}
	switch {
	case txn.Op == wire.OpCreateSession:
		t.createSession(txn, res)
		return
	case txn.Op == wire.OpAttach:
		t.attach(txn, res)
		return
	case txn.Op == wire.OpCloseSession && txn.Conn == 0:
		t.expire(txn, res)
		return
	case txn.Op == wire.OpDeleteContainer && txn.Conn == 0:
		t.collect(txn, res)
		return
	case txn.Op == wire.OpReconfig && txn.Conn == 0:
		t.giveUp(txn, res)
		return
	}
	s := t.sessions[txn.Session]
	switch {
	case s == nil:
		res.Code = wire.CodeSessionExpired
		return
	case s.Conn != txn.Conn || s.seq+1 != txn.Seq:
		res.Code = wire.CodeSessionMoved
		return
	}
	s.seq++
	d := wire.NewDecoder(txn.Body)
	if txn.Op == wire.OpSync {
		if res.Path = d.String(); d.Err() != nil {
			res.Code = wire.CodeMarshallingError
		}
		return
	}
	res.Zxid = t.next(txn.Term)
	switch txn.Op {
	case wire.OpCloseSession:
		t.closeSession(txn, res)
	case wire.OpMulti:
		t.applyMulti(txn, &d, res)
	case wire.OpReconfig:
		res.Code = t.reconfig(txn, &d, res)
	default:
		var out wire.MultiResult
		res.Code = t.applyOne(txn, txn.Op, &d, res, &out)
		res.Path, res.Stat = out.Path, out.Stat
	}
}

// next takes the next zxid. The counter starts anew with each term, but no zxid is ever
// below an older one: a snapshot that was put back may be ahead of the term.
func (t *Tree) next(term uint64) int64 {
	if uint64(t.zxid)>>32 < term&0xffffffff {
		t.zxid = int64(term<<32 | 1)
	} else {
		t.zxid++
	}
	return t.zxid
}

// applyOne applies one operation, alone or in a multi. Where it returns a code it
// has changed nothing.
func (t *Tree) applyOne(txn *Txn, op wire.Op, d *wire.Decoder, res *Result, out *wire.MultiResult) wire.Code {
	switch op {
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL:
		return t.create(txn, op, d, res, out)
	case wire.OpDelete:
		return t.delete(txn, d, res)
	case wire.OpSetData:
		return t.setData(txn, d, res, out)
	case wire.OpSetACL:
		if t.multi {
			break // it is no part of a list
		}
		return t.setACL(txn, d, out)
	case wire.OpCheck:
		return t.check(txn, d)
	}
	return wire.CodeUnimplemented
}

// applyMulti applies all operations of a list or none. Of a list that fails, the
// results are "0 for ops before, the code at the failing op, -2 after", and the
// header says that all is well.
func (t *Tree) applyMulti(txn *Txn, d *wire.Decoder, res *Result) {
	t.multi = true
	defer t.endMulti()
	failed := wire.CodeOK
	at := 0
	for {
		op, done, _ := wire.Op(d.Int32()), d.Bool(), d.Int32()
		if d.Err() != nil {
			t.rollBack(res)
			res.Code, res.Multi = wire.CodeMarshallingError, res.Multi[:0]
			return
		}
		if done {
			break
		}
		out := wire.MultiResult{Op: op}
		if failed == wire.CodeOK {
			if failed = t.applyOne(txn, op, d, res, &out); failed == wire.CodeOK {
				at++
			}
		} else if !skip(op, d) {
			failed = wire.CodeMarshallingError
		}
		if failed == wire.CodeMarshallingError || failed == wire.CodeUnimplemented {
			// What follows cannot be read, so there is no list of results.
			t.rollBack(res)
			res.Code, res.Multi = wire.CodeMarshallingError, res.Multi[:0]
			return
		}
		res.Multi = append(res.Multi, out)
	}
	if failed == wire.CodeOK {
		return
	}
	t.rollBack(res)
	for i := range res.Multi {
		code := wire.CodeOK
		switch {
		case i == at:
			code = failed
		case i > at:
			code = wire.CodeRuntimeInconsistency
		}
		res.Multi[i] = wire.MultiResult{Op: wire.OpError, Err: code}
	}
}

// skip reads over an operation that will not be applied.
func skip(op wire.Op, d *wire.Decoder) bool {
	switch op {
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer:
		var r wire.CreateRequest
		r.Decode(d)
		if _, ok := listed(op, r.Flags); !ok {
			return false
		}
	case wire.OpCreateTTL:
		var r wire.CreateTTLRequest
		r.Decode(d)
	case wire.OpDelete, wire.OpCheck:
		var r wire.DeleteRequest
		r.Decode(d)
	case wire.OpSetData:
		var r wire.SetDataRequest
		r.Decode(d)
	default:
		return false
	}
	return d.Err() == nil
}

// rollBack undoes what a multi has done so far, the last first.
func (t *Tree) rollBack(res *Result) {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
	t.undo, t.dropped = t.undo[:0], t.dropped[:0]
	res.Changes = res.Changes[:0]
}

// endMulti gives up what there is no way back to.
func (t *Tree) endMulti() {
	for _, acl := range t.dropped {
		t.acls.drop(acl)
	}
	clear(t.undo)
	t.multi, t.undo, t.dropped = false, t.undo[:0], t.dropped[:0]
}

// createSession opens a session that its first server has thought up.
func (t *Tree) createSession(txn *Txn, res *Result) {
	res.Zxid = t.next(txn.Term)
	var r wire.SessionRecord
	d := wire.NewDecoder(txn.Body)
	if r.Decode(&d); d.Err() != nil {
		res.Code = wire.CodeMarshallingError
		return
	}
	if t.sessions[r.ID] != nil || r.ID != txn.Session { // two servers with one id
		res.Code = wire.CodeDataInconsistency
		return
	}
	t.sessions[r.ID] = &session{Session: Session{ID: r.ID, Timeout: r.Timeout, Password: r.Password, Conn: txn.Conn}}
}

// attach moves a session to another connection, if the password is right.
func (t *Tree) attach(txn *Txn, res *Result) {
	s := t.sessions[txn.Session]
	if s == nil || string(s.Password[:]) != string(txn.Body) {
		res.Code = wire.CodeSessionExpired
		return
	}
	res.Moved = s.Conn
	s.Conn, s.seq = txn.Conn, 0
}

// expire ends a session that was silent, unless its client has taken it up on
// another connection since the leader proposed this.
func (t *Tree) expire(txn *Txn, res *Result) {
	s := t.sessions[txn.Session]
	switch {
	case len(txn.Body) != 8:
		res.Code = wire.CodeMarshallingError
	case s == nil:
		res.Code = wire.CodeSessionExpired
	case s.Conn != binary.BigEndian.Uint64(txn.Body):
		res.Code = wire.CodeSessionMoved
	default:
		res.Zxid = t.next(txn.Term)
		t.closeSession(txn, res)
	}
}
