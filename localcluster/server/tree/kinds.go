package tree

import (
	"iter"

	"github.com/zooctl/zooctl/ops/wire"
)

// A znode that the ensemble collects by itself has an owner below 0, as on the disks of
// Apache ZooKeeper: no session has such an id.
const (
	container int64 = -1 << 63
	ttlOwner  int64 = -1 << 56 // and the time to live, in milliseconds
	maxTTL    int64 = 1<<40 - 1
)

// kind checks what a create request asks for besides the path, in the order of Apache
// ZooKeeper, and returns the owner of the znode.
func kind(txn *Txn, op wire.Op, flags int32, ttl int64) (owner int64, code wire.Code) {
	lives, known := living(flags)
	switch {
	case !known:
		return 0, wire.CodeBadArguments
	case lives && txn.Rules&RuleNoTypes != 0:
		return 0, wire.CodeUnimplemented
	case lives && (op != wire.OpCreateTTL || ttl <= 0 || ttl > maxTTL), !lives && op == wire.OpCreateTTL:
		return 0, wire.CodeBadArguments
	}
	// What the znode becomes is told by the operation; the flag of a container alone
	// makes none.
	switch {
	case op == wire.OpCreateTTL:
		return ttlOwner | ttl, wire.CodeOK
	case op == wire.OpCreateContainer:
		return container, wire.CodeOK
	case flags == wire.FlagEphemeral || flags == wire.FlagEphemeral|wire.FlagSequential:
		return txn.Session, wire.CodeOK
	}
	return 0, wire.CodeOK
}

// living tells whether flags are those of a znode with a time to live, and whether they
// are any that there are.
func living(flags int32) (lives, known bool) {
	return flags == wire.FlagTTL || flags == wire.FlagTTLSeq, flags >= 0 && flags <= wire.FlagTTLSeq
}

// listed tells what a creation is that stands in a list: there the flags have a say in
// it, too. Of a list with one that is not ok nothing can be read.
func listed(op wire.Op, flags int32) (as wire.Op, ok bool) {
	lives, known := living(flags)
	switch {
	case op != wire.OpCreateTTL && (lives || !known):
		return op, false
	case op == wire.OpCreateTTL && lives:
		return op, true
	case flags == wire.FlagContainer:
		return wire.OpCreateContainer, true
	case op == wire.OpCreateTTL:
		return wire.OpCreate, true
	}
	return op, true
}

// sequential tells whether flags ask for a number behind the name.
func sequential(flags int32) bool {
	return flags == wire.FlagSequential || flags == wire.FlagEphemeral|wire.FlagSequential || flags == wire.FlagTTLSeq
}

// Collectable returns the znodes whose time is up at now, in milliseconds since 1970: a
// container that has had children and has none any more, or has had none for unused
// milliseconds if that is above 0; and a znode without children that has not been set
// for longer than its time to live.
func (t *Tree) Collectable(now, unused int64) iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for n := range t.collected {
			idle := now - n.mtime
			due := idle > n.owner&maxTTL
			if n.owner == container {
				due = n.creates > 0 || unused > 0 && idle > unused
			}
			if due && len(n.children) == 0 && !yield(n) {
				return
			}
		}
	}
}

// Collect is the body of a transaction that deletes what [Tree.Collectable] named, if
// it is still as it was then.
func (n *Node) Collect() []byte {
	return wire.AppendInt64(wire.AppendInt64(wire.AppendInt64(wire.AppendString(nil, n.path), n.czxid), n.mzxid), n.pzxid)
}

// collect deletes a znode that has outlived its purpose. Nobody waits for an answer.
func (t *Tree) collect(txn *Txn, res *Result) {
	d := wire.NewDecoder(txn.Body)
	n := t.Node(d.String())
	czxid, mzxid, pzxid := d.Int64(), d.Int64(), d.Int64()
	switch {
	case d.Err() != nil:
		res.Code = wire.CodeMarshallingError
	case n == nil || n.owner >= 0 || n.czxid != czxid || n.mzxid != mzxid || n.pzxid != pzxid:
		res.Code = wire.CodeBadVersion
	case len(n.children) > 0:
		res.Code = wire.CodeNotEmpty
	default:
		res.Zxid = t.next(txn.Term)
		t.drop(n, res)
	}
}
