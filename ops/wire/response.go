package wire

import "errors"

// ErrMultiOp means that a multi holds an operation that it cannot hold.
var ErrMultiOp = errors.New("operation is not allowed in a multi")

// CreateResponse answers create (Path alone) and create2 (with Stat).
type CreateResponse struct {
	Path string
	Stat *Stat // create2 alone
}

// Decode reads the path and, where r.Stat is set, the Stat behind it.
func (r *CreateResponse) Decode(d *Decoder) {
	r.Path = d.String()
	if r.Stat != nil {
		r.Stat.Decode(d)
	}
}

// Append encodes the record.
func (r *CreateResponse) Append(b []byte) []byte {
	b = AppendString(b, r.Path)
	if r.Stat != nil {
		b = r.Stat.Append(b)
	}
	return b
}

// GetDataResponse answers getData.
type GetDataResponse struct {
	Data []byte
	Stat Stat
}

// Decode reads the record. Data aliases the frame.
func (r *GetDataResponse) Decode(d *Decoder) {
	r.Data = d.Bytes()
	r.Stat.Decode(d)
}

// Append encodes the record.
func (r *GetDataResponse) Append(b []byte) []byte { return r.Stat.Append(AppendBytes(b, r.Data)) }

// GetChildrenResponse answers getChildren and, with Stat behind, getChildren2.
type GetChildrenResponse struct{ Children []string }

// Decode reads the record.
func (r *GetChildrenResponse) Decode(d *Decoder) { r.Children = d.Strings() }

// Append encodes the record.
func (r *GetChildrenResponse) Append(b []byte) []byte { return AppendStrings(b, r.Children) }

// GetACLResponse answers getACL.
type GetACLResponse struct {
	ACL  []ACL
	Stat Stat
}

// Decode reads the record.
func (r *GetACLResponse) Decode(d *Decoder) {
	r.ACL = decodeACLs(d)
	r.Stat.Decode(d)
}

// Append encodes the record.
func (r *GetACLResponse) Append(b []byte) []byte { return r.Stat.Append(AppendACLs(b, r.ACL)) }

// ErrorResponse answers addWatch, with [CodeOK].
type ErrorResponse struct{ Err Code }

// Decode reads the record.
func (r *ErrorResponse) Decode(d *Decoder) { r.Err = Code(d.Int32()) }

// Append encodes the record.
func (r *ErrorResponse) Append(b []byte) []byte { return AppendInt32(b, int32(r.Err)) }

// CountResponse answers getAllChildrenNumber.
type CountResponse struct{ Total int32 }

// Decode reads the record.
func (r *CountResponse) Decode(d *Decoder) { r.Total = d.Int32() }

// Append encodes the record.
func (r *CountResponse) Append(b []byte) []byte { return AppendInt32(b, r.Total) }

// MultiResult is the outcome of one operation of a multi or multiRead. The creation of
// a container or of a znode with a time to live is answered as [OpCreate2]. Op is
// [OpError] when the list was refused, or this read failed; Err is then the
// code: in a failed multi 0 before the operation that failed, its own there,
// and -2 after.
type MultiResult struct {
	Op       Op
	Err      Code
	Path     string   // create, create2
	Stat     Stat     // create2, setData, getData
	Data     []byte   // getData
	Children []string // getChildren
}

// MultiResponse answers multi and multiRead.
type MultiResponse struct{ Results []MultiResult }

// Decode reads the record.
func (r *MultiResponse) Decode(d *Decoder) {
	r.Results = r.Results[:0]
	for {
		op, done, code := Op(d.Int32()), d.Bool(), Code(d.Int32())
		if d.err != nil || done {
			return
		}
		if len(r.Results) == MaxMultiOps {
			d.fail(ErrLength)
			return
		}
		m := MultiResult{Op: op, Err: code}
		m.decode(d)
		r.Results = append(r.Results, m)
	}
}

func (m *MultiResult) decode(d *Decoder) {
	switch m.Op {
	case OpError:
		m.Err = Code(d.Int32())
	case OpCreate:
		m.Path = d.String()
	case OpCreate2:
		m.Path = d.String()
		m.Stat.Decode(d)
	case OpSetData:
		m.Stat.Decode(d)
	case OpDelete, OpCheck:
	case OpGetData:
		m.Data = d.Bytes()
		m.Stat.Decode(d)
	case OpGetChildren:
		m.Children = d.Strings()
	default:
		d.fail(ErrMultiOp)
	}
}

// Append encodes the record.
func (r *MultiResponse) Append(b []byte) []byte {
	for i := range r.Results {
		b = r.Results[i].append(b)
	}
	return AppendMultiHeader(b, OpError, true, -1)
}

func (m *MultiResult) append(b []byte) []byte {
	if m.Op == OpError {
		return AppendInt32(AppendMultiHeader(b, OpError, false, m.Err), int32(m.Err))
	}
	b = AppendMultiHeader(b, m.Op, false, 0)
	switch m.Op {
	case OpCreate:
		b = AppendString(b, m.Path)
	case OpCreate2:
		b = m.Stat.Append(AppendString(b, m.Path))
	case OpSetData:
		b = m.Stat.Append(b)
	case OpGetData:
		b = m.Stat.Append(AppendBytes(b, m.Data))
	case OpGetChildren:
		b = AppendStrings(b, m.Children)
	}
	return b
}
