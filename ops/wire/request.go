package wire

// CreateRequest asks for a new znode (create, create2, createContainer).
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

// MultiOp is one operation of a multi or multiRead. Exactly the fields of its
// Op are used: Create for the kinds of create, Path and Version for delete and
// check, Path, Data and Version for setData, Path alone for the reads.
type MultiOp struct {
	Op      Op
	Create  CreateRequest
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
		b = appendMultiHeader(b, m.Op, false, -1)
		switch m.Op {
		case OpCreate, OpCreate2, OpCreateContainer:
			b = m.Create.Append(b)
		case OpSetData:
			b = AppendInt32(AppendBytes(AppendString(b, m.Path), m.Data), m.Version)
		case OpGetData, OpGetChildren:
			b = AppendBool(AppendString(b, m.Path), false)
		default:
			b = AppendInt32(AppendString(b, m.Path), m.Version)
		}
	}
	return appendMultiHeader(b, OpError, true, -1)
}

func appendMultiHeader(b []byte, op Op, done bool, code Code) []byte {
	return AppendInt32(AppendBool(AppendInt32(b, int32(op)), done), int32(code))
}
