package tree

import (
	"errors"
	"slices"

	"github.com/zooctl/zooctl/ops/wire"
)

// ConfigPath is the znode that shows the members of the ensemble.
const ConfigPath = "/zookeeper/config"

// ReconfigRules are settings of the server that proposes a reconfig. They go before its
// body, so that all servers judge alike.
type ReconfigRules struct {
	Enabled bool // reconfigEnabled
	Alone   bool // standaloneEnabled is false: one voter is an ensemble
}

// Append encodes the rules.
func (r ReconfigRules) Append(b []byte) []byte {
	return wire.AppendBool(wire.AppendBool(b, r.Enabled), r.Alone)
}

// pending is a change of the members that is under way.
type pending struct {
	want    []Member
	zxid    int64 // of the transaction that asked for it
	time    int64
	session int64 // who is to be answered
	conn    uint64
}

// SetMembers says who the first members are, before any transaction. A server that
// stands alone has none.
func (t *Tree) SetMembers(ms []Member) {
	t.members = sorted(slices.Clone(ms))
	n := t.Node(ConfigPath)
	if n == nil || len(ms) == 0 {
		return
	}
	data := configData(t.members, 0)
	t.dataSize += int64(len(data) - len(n.data))
	n.data, n.version = data, -1
}

// Members returns the members as the last transaction that changed them left them.
func (t *Tree) Members() []Member { return t.members }

// Target returns the members that there are to be, and the zxid by which [Tree.Apply]
// knows the change that is under way, or 0 where none is.
func (t *Tree) Target() (want []Member, zxid int64) {
	if t.pending != nil {
		return t.pending.want, t.pending.zxid
	}
	return t.members, 0
}

// reconfig takes a request for other members, in the order of Apache ZooKeeper's
// checks. It is answered once the members are those, or cannot be.
func (t *Tree) reconfig(txn *Txn, d *wire.Decoder, res *Result) wire.Code {
	rules := ReconfigRules{Enabled: d.Bool(), Alone: d.Bool()}
	var r wire.ReconfigRequest
	r.Decode(d)
	n := t.Node(ConfigPath)
	switch {
	case d.Err() != nil:
		return wire.CodeMarshallingError
	case !rules.Enabled:
		return wire.CodeReconfigDisabled
	case len(t.members) == 0 || n == nil:
		return wire.CodeUnimplemented
	case t.pending != nil:
		return wire.CodeReconfigInProgress
	case r.Config != -1 && r.Config != t.configVersion:
		return wire.CodeBadVersion
	}
	least := 2
	if rules.Alone {
		least = 1
	}
	want, err := incremental(t.members, r.Joining, r.Leaving)
	if r.NewMembers != "" {
		want, err = whole(r.NewMembers, least)
	}
	switch {
	case errors.Is(err, errParse):
		return wire.CodeMarshallingError
	case err != nil || voters(want) < least || r.NewMembers == "" && clash(want):
		return wire.CodeBadArguments
	case !t.may(txn, n, wire.PermWrite):
		return wire.CodeNoAuth
	case !honoured(want): // after all that Apache ZooKeeper checks, which knows no such limit
		return wire.CodeBadArguments
	}
	t.pending = &pending{want: want, zxid: t.zxid, time: txn.Time, session: txn.Session, conn: txn.Conn}
	res.Pending = true
	return wire.CodeOK
}

// MembersAre tells that the members have become those. If that is what was asked for,
// it is one transaction: /zookeeper/config shows it, and res is for the connection that
// asked, which is returned.
func (t *Tree) MembersAre(term uint64, now []Member, res *Result) (conn uint64) {
	*res = Result{Zxid: t.zxid, Multi: res.Multi[:0], Changes: res.Changes[:0]}
	p, n := t.pending, t.Node(ConfigPath)
	if p == nil || n == nil || !slices.Equal(p.want, sorted(slices.Clone(now))) {
		return 0
	}
	res.Zxid = t.next(term)
	t.save(n)
	t.members, t.pending, t.configVersion = p.want, nil, t.zxid
	data := configData(t.members, t.zxid)
	t.dataSize += int64(len(data) - len(n.data))
	n.data, n.version = data, -1
	n.mzxid, n.mtime = t.zxid, p.time
	res.Changes = append(res.Changes, Change{wire.EventNodeDataChanged, ConfigPath, t.guard(n), t.guard(n.parent)})
	res.Data, res.Stat = n.data, n.Stat()
	return p.conn
}

// giveUp ends a change of members that the leader cannot bring about. The body names
// it by its zxid.
func (t *Tree) giveUp(txn *Txn, res *Result) {
	d := wire.NewDecoder(txn.Body)
	id := d.Int64()
	if d.Err() != nil || t.pending == nil || t.pending.zxid != id {
		res.Code = wire.CodeBadVersion
		return
	}
	res.Zxid = t.next(txn.Term)
	res.Code, res.Asker = wire.CodeNewConfigNoQuorum, t.pending.conn
	t.pending = nil
}

// The membership in a snapshot.

func appendMembers(b []byte, ms []Member) []byte {
	b = wire.AppendInt32(b, int32(len(ms)))
	for _, m := range ms {
		b = wire.AppendBool(wire.AppendInt64(b, int64(m.ID)), m.Observer)
		b = wire.AppendString(wire.AppendString(wire.AppendString(b, m.Addr), m.Election), m.Client)
	}
	return b
}

func decodeMembers(d *wire.Decoder) []Member {
	ms := make([]Member, d.Count(21))
	for i := range ms {
		ms[i] = Member{ID: uint64(d.Int64()), Observer: d.Bool(), Addr: d.String(), Election: d.String(), Client: d.String()}
	}
	return ms
}

// appendConfig encodes all that a snapshot has of members.
func (t *Tree) appendConfig(b []byte) []byte {
	b = appendMembers(wire.AppendInt64(b, t.configVersion), t.members)
	p := t.pending
	if p == nil {
		return wire.AppendBool(b, false)
	}
	b = appendMembers(wire.AppendBool(b, true), p.want)
	b = wire.AppendInt64(wire.AppendInt64(b, p.zxid), p.time)
	return wire.AppendInt64(wire.AppendInt64(b, p.session), int64(p.conn))
}

func (t *Tree) loadConfig(d *wire.Decoder) bool {
	t.configVersion, t.members = d.Int64(), decodeMembers(d)
	if d.Bool() {
		t.pending = &pending{want: decodeMembers(d), zxid: d.Int64(), time: d.Int64(), session: d.Int64(), conn: uint64(d.Int64())}
	}
	return d.Err() == nil
}
