package wire

// CreateRequest asks for a new znode (create, create2, createContainer and, with
// the time to live behind it, createTTL).
type CreateRequest struct {
	Path  string
	Data  []byte // nil is null
	ACL   []ACL
	Flags int32
}

// Decode reads the record. Data aliases the frame.
func (r *CreateRequest) Decode(d *Decoder) {
	r.Path, r.Data, r.ACL, r.Flags = d.String(), d.Bytes(), decodeACLs(d), d.Int32()
}

// Append encodes the record.
func (r *CreateRequest) Append(b []byte) []byte {
	return AppendInt32(AppendACLs(AppendBytes(AppendString(b, r.Path), r.Data), r.ACL), r.Flags)
}

// DeleteRequest deletes a znode whose version is Version, or any if -1. A
// check has the same shape.
type DeleteRequest struct {
	Path    string
	Version int32
}

// CheckRequest succeeds if the znode's version is Version, or exists if -1. It
// is legal in a multi only.
type CheckRequest = DeleteRequest

// Decode reads the record.
func (r *DeleteRequest) Decode(d *Decoder) { r.Path, r.Version = d.String(), d.Int32() }

// Append encodes the record.
func (r *DeleteRequest) Append(b []byte) []byte {
	return AppendInt32(AppendString(b, r.Path), r.Version)
}

// SetDataRequest replaces the data of a znode whose version is Version, or any
// if -1.
type SetDataRequest struct {
	Path    string
	Data    []byte // nil is null
	Version int32
}

// Decode reads the record. Data aliases the frame.
func (r *SetDataRequest) Decode(d *Decoder) {
	r.Path, r.Data, r.Version = d.String(), d.Bytes(), d.Int32()
}

// Append encodes the record.
func (r *SetDataRequest) Append(b []byte) []byte {
	return AppendInt32(AppendBytes(AppendString(b, r.Path), r.Data), r.Version)
}

// PathWatchRequest reads a znode and may leave a watch: exists, getData,
// getChildren, getChildren2.
type PathWatchRequest struct {
	Path  string
	Watch bool
}

// Decode reads the record.
func (r *PathWatchRequest) Decode(d *Decoder) { r.Path, r.Watch = d.String(), d.Bool() }

// Append encodes the record.
func (r *PathWatchRequest) Append(b []byte) []byte {
	return AppendBool(AppendString(b, r.Path), r.Watch)
}

// PathRequest is a path alone: sync, getACL, getEphemerals,
// getAllChildrenNumber. A sync is answered by the same record.
type PathRequest struct{ Path string }

// Decode reads the record.
func (r *PathRequest) Decode(d *Decoder) { r.Path = d.String() }

// Append encodes the record.
func (r *PathRequest) Append(b []byte) []byte { return AppendString(b, r.Path) }

// CreateTTLRequest asks for a znode that may be deleted when it has had no
// children and no change of its data for TTL milliseconds.
type CreateTTLRequest struct {
	CreateRequest

	TTL int64 // milliseconds
}

// Decode reads the record. Data aliases the frame.
func (r *CreateTTLRequest) Decode(d *Decoder) {
	r.CreateRequest.Decode(d)
	r.TTL = d.Int64()
}

// Append encodes the record.
func (r *CreateTTLRequest) Append(b []byte) []byte {
	return AppendInt64(r.CreateRequest.Append(b), r.TTL)
}

// SetACLRequest replaces the ACL of a znode whose aversion is Version, or any if
// -1. It is answered by a Stat.
type SetACLRequest struct {
	Path    string
	ACL     []ACL
	Version int32
}

// Decode reads the record.
func (r *SetACLRequest) Decode(d *Decoder) {
	r.Path, r.ACL, r.Version = d.String(), decodeACLs(d), d.Int32()
}

// Append encodes the record.
func (r *SetACLRequest) Append(b []byte) []byte {
	return AppendInt32(AppendACLs(AppendString(b, r.Path), r.ACL), r.Version)
}

// ReconfigRequest changes the members of the ensemble: either by Joining and
// Leaving, or to NewMembers. Empty is null. It is answered by a
// GetDataResponse with the new configuration.
type ReconfigRequest struct {
	Joining    string // server specifications, separated by commas
	Leaving    string // server ids, separated by commas
	NewMembers string // server specifications, separated by commas
	Config     int64  // the version it applies to, or -1
}

// Decode reads the record.
func (r *ReconfigRequest) Decode(d *Decoder) {
	r.Joining, r.Leaving, r.NewMembers, r.Config = d.String(), d.String(), d.String(), d.Int64()
}

// Append encodes the record.
func (r *ReconfigRequest) Append(b []byte) []byte {
	for _, s := range [...]string{r.Joining, r.Leaving, r.NewMembers} {
		if s == "" {
			b = AppendBytes(b, nil)
		} else {
			b = AppendString(b, s)
		}
	}
	return AppendInt64(b, r.Config)
}

// MultiOp is one operation of a multi or multiRead. Exactly the fields of its
// Op are used: Create for the kinds of create, with TTL for createTTL, Path and
// Version for delete and check, Path, Data and Version for setData, Path alone
// for the reads.
type MultiOp struct {
	Op      Op
	Create  CreateRequest
	TTL     int64
	Path    string
	Data    []byte
	Version int32
}

// MultiRequest is a list of operations: all or none for a multi, each on its
// own for a multiRead. On the wire each follows a header and a last header
// (-1, true, -1) ends the list.
type MultiRequest struct{ Ops []MultiOp }

// MaxMultiOps bounds the operations of one request. No frame within
// jute.maxbuffer holds as many: the shortest takes 18 bytes.
const MaxMultiOps = 1 << 20

// Decode reads the record. An operation that a multi cannot hold fails the
// decoder with [ErrMultiOp], since the shape of what follows is then unknown.
func (r *MultiRequest) Decode(d *Decoder) {
	r.Ops = r.Ops[:0]
	for {
		op, done, _ := Op(d.Int32()), d.Bool(), d.Int32()
		if d.err != nil || done {
			return
		}
		if len(r.Ops) == MaxMultiOps {
			d.fail(ErrLength)
			return
		}
		r.Ops = append(r.Ops, MultiOp{Op: op})
		r.Ops[len(r.Ops)-1].decode(d)
	}
}

func (m *MultiOp) decode(d *Decoder) {
	switch m.Op {
	case OpCreate, OpCreate2, OpCreateContainer:
		m.Create.Decode(d)
	case OpCreateTTL:
		m.Create.Decode(d)
		m.TTL = d.Int64()
	case OpDelete, OpCheck:
		m.Path, m.Version = d.String(), d.Int32()
	case OpSetData:
		m.Path, m.Data, m.Version = d.String(), d.Bytes(), d.Int32()
	case OpGetData, OpGetChildren:
		m.Path, _ = d.String(), d.Bool()
	default:
		d.fail(ErrMultiOp)
	}
}

// Append encodes the record.
func (r *MultiRequest) Append(b []byte) []byte {
	for i := range r.Ops {
		m := &r.Ops[i]
		b = AppendMultiHeader(b, m.Op, false, -1)
		switch m.Op {
		case OpCreate, OpCreate2, OpCreateContainer:
			b = m.Create.Append(b)
		case OpCreateTTL:
			b = AppendInt64(m.Create.Append(b), m.TTL)
		case OpSetData:
			b = AppendInt32(AppendBytes(AppendString(b, m.Path), m.Data), m.Version)
		case OpGetData, OpGetChildren:
			b = AppendBool(AppendString(b, m.Path), false)
		default:
			b = AppendInt32(AppendString(b, m.Path), m.Version)
		}
	}
	return AppendMultiHeader(b, OpError, true, -1)
}

// AppendMultiHeader appends what goes before each part of a multi, or ends it.
func AppendMultiHeader(b []byte, op Op, done bool, code Code) []byte {
	return AppendInt32(AppendBool(AppendInt32(b, int32(op)), done), int32(code))
}
