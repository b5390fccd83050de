package wire

import "strconv"

// Op is the number of an operation in a request header.
type Op int32

// The operations of Apache ZooKeeper 3.9 (ZooDefs.OpCode).
const (
	OpNotification         Op = 0
	OpCreate               Op = 1
	OpDelete               Op = 2
	OpExists               Op = 3
	OpGetData              Op = 4
	OpSetData              Op = 5
	OpGetACL               Op = 6
	OpSetACL               Op = 7
	OpGetChildren          Op = 8
	OpSync                 Op = 9
	OpPing                 Op = 11
	OpGetChildren2         Op = 12
	OpCheck                Op = 13
	OpMulti                Op = 14
	OpCreate2              Op = 15
	OpReconfig             Op = 16
	OpCheckWatches         Op = 17
	OpRemoveWatches        Op = 18
	OpCreateContainer      Op = 19
	OpDeleteContainer      Op = 20
	OpCreateTTL            Op = 21
	OpMultiRead            Op = 22
	OpAuth                 Op = 100
	OpSetWatches           Op = 101
	OpSASL                 Op = 102
	OpGetEphemerals        Op = 103
	OpGetAllChildrenNumber Op = 104
	OpSetWatches2          Op = 105
	OpAddWatch             Op = 106
	OpWhoAmI               Op = 107
	OpCreateSession        Op = -10
	OpCloseSession         Op = -11
	OpError                Op = -1 // the type of a failed result in a multi reply

	// OpAttach moves a session to another connection. It is the embedded
	// server's own and never on a client's wire.
	OpAttach Op = -20

	// OpRestore replaces the tree by a snapshot. It, too, is never on a client's wire.
	OpRestore Op = -21
)

// The transaction ids that are not a client's count of its requests.
const (
	XidNotification int32 = -1
	XidPing         int32 = -2
	XidAuth         int32 = -4
	XidSetWatches   int32 = -8
)

var opNames = map[Op]string{
	OpNotification: "notification", OpCreate: "create", OpDelete: "delete", OpExists: "exists", OpGetData: "getData",
	OpSetData: "setData", OpGetACL: "getACL", OpSetACL: "setACL", OpGetChildren: "getChildren", OpSync: "sync", OpPing: "ping",
	OpGetChildren2: "getChildren2", OpCheck: "check", OpMulti: "multi", OpCreate2: "create2", OpReconfig: "reconfig",
	OpCheckWatches: "checkWatches", OpRemoveWatches: "removeWatches", OpCreateContainer: "createContainer",
	OpDeleteContainer: "deleteContainer", OpCreateTTL: "createTTL", OpMultiRead: "multiRead", OpAuth: "auth",
	OpSetWatches: "setWatches", OpSASL: "sasl", OpGetEphemerals: "getEphemerals", OpGetAllChildrenNumber: "getAllChildrenNumber",
	OpSetWatches2: "setWatches2", OpAddWatch: "addWatch", OpWhoAmI: "whoAmI", OpCreateSession: "createSession",
	OpCloseSession: "closeSession", OpError: "error", OpAttach: "attach", OpRestore: "restore",
}

// String returns the operation's name in Apache ZooKeeper, or its number.
func (o Op) String() string {
	if s, ok := opNames[o]; ok {
		return s
	}
	return "op " + strconv.Itoa(int(o))
}

// IsWrite tells whether a client's request for o goes through the log of the
// ensemble. Sync does, since it waits for what is in the log before it.
func (o Op) IsWrite() bool {
	switch o {
	case OpCreate, OpDelete, OpSetData, OpSetACL, OpSync, OpMulti, OpCreate2, OpReconfig, OpCreateContainer, OpCreateTTL, OpCloseSession:
		return true
	}
	return false
}

// Requested tells whether o is an operation that a client of Apache ZooKeeper 3.9 may
// ask for by itself. A check is legal in a multi alone.
func (o Op) Requested() bool {
	switch o {
	case OpNotification, OpCheck, OpDeleteContainer, OpCreateSession, OpError, OpAttach, OpRestore:
		return false
	}
	_, known := opNames[o]
	return known
}

// Flags of a create request.
const (
	FlagEphemeral  int32 = 1
	FlagSequential int32 = 2
	FlagContainer  int32 = 4
	FlagTTL        int32 = 5
	FlagTTLSeq     int32 = 6
)

// EventType says what happened to a znode.
type EventType int32

// The event types of a notification.
const (
	EventNone                EventType = -1
	EventNodeCreated         EventType = 1
	EventNodeDeleted         EventType = 2
	EventNodeDataChanged     EventType = 3
	EventNodeChildrenChanged EventType = 4
)

// StateSyncConnected is the session state in every notification of a change.
const StateSyncConnected int32 = 3
