package wire

// ConnectRequest opens a session, or takes up an older one on a new
// connection. It is the first frame of a connection and has no header.
type ConnectRequest struct {
	ProtocolVersion int32
	LastZxidSeen    int64
	Timeout         int32 // asked for, in milliseconds
	SessionID       int64 // 0 for a new session
	Password        []byte
	ReadOnly        bool // a read-only server would do
	HasReadOnly     bool // the client sent that byte (from 3.4 on); the reply mirrors it
}

// Decode reads the record. The last byte may be missing, as it is from clients
// older than 3.4 and from go-zookeeper/zk.
func (r *ConnectRequest) Decode(d *Decoder) {
	r.ProtocolVersion, r.LastZxidSeen, r.Timeout, r.SessionID = d.Int32(), d.Int64(), d.Int32(), d.Int64()
	r.Password = d.Bytes()
	r.HasReadOnly = d.err == nil && d.Len() > 0
	r.ReadOnly = r.HasReadOnly && d.Bool()
}

// Append encodes the record, with the last byte only if HasReadOnly.
func (r *ConnectRequest) Append(b []byte) []byte {
	b = AppendInt64(AppendInt32(b, r.ProtocolVersion), r.LastZxidSeen)
	b = AppendBytes(AppendInt64(AppendInt32(b, r.Timeout), r.SessionID), r.Password)
	if r.HasReadOnly {
		b = AppendBool(b, r.ReadOnly)
	}
	return b
}

// ConnectResponse tells the session and its negotiated timeout. A timeout of 0
// means that the session asked for is gone.
type ConnectResponse struct {
	ProtocolVersion int32
	Timeout         int32 // milliseconds
	SessionID       int64
	Password        []byte
	ReadOnly        bool // the server is read-only
	HasReadOnly     bool
}

// Decode reads the record.
func (r *ConnectResponse) Decode(d *Decoder) {
	r.ProtocolVersion, r.Timeout, r.SessionID = d.Int32(), d.Int32(), d.Int64()
	r.Password = d.Bytes()
	r.HasReadOnly = d.err == nil && d.Len() > 0
	r.ReadOnly = r.HasReadOnly && d.Bool()
}

// Append encodes the record, with the last byte only if HasReadOnly: "45-byte
// request -> 37-byte reply, 44 -> 36".
func (r *ConnectResponse) Append(b []byte) []byte {
	b = AppendInt64(AppendInt32(AppendInt32(b, r.ProtocolVersion), r.Timeout), r.SessionID)
	b = AppendBytes(b, r.Password)
	if r.HasReadOnly {
		b = AppendBool(b, r.ReadOnly)
	}
	return b
}

// RequestHeader begins every request but the first.
type RequestHeader struct {
	Xid int32
	Op  Op
}

// Decode reads the record.
func (r *RequestHeader) Decode(d *Decoder) { r.Xid, r.Op = d.Int32(), Op(d.Int32()) }

// Append encodes the record.
func (r *RequestHeader) Append(b []byte) []byte {
	return AppendInt32(AppendInt32(b, r.Xid), int32(r.Op))
}

// ReplyHeader begins every reply but the first.
type ReplyHeader struct {
	Xid  int32
	Zxid int64
	Err  Code
}

// Decode reads the record.
func (r *ReplyHeader) Decode(d *Decoder) {
	r.Xid, r.Zxid, r.Err = d.Int32(), d.Int64(), Code(d.Int32())
}

// Append encodes the record.
func (r *ReplyHeader) Append(b []byte) []byte {
	return AppendInt32(AppendInt64(AppendInt32(b, r.Xid), r.Zxid), int32(r.Err))
}

// PasswordLen is the length of a session password, in bytes.
const PasswordLen = 16

// SessionRecord is a new session as the embedded servers replicate it.
type SessionRecord struct {
	ID       int64
	Timeout  int32 // negotiated, in milliseconds
	Password [PasswordLen]byte
}

// Decode reads the record.
func (r *SessionRecord) Decode(d *Decoder) {
	r.ID, r.Timeout = d.Int64(), d.Int32()
	copy(r.Password[:], d.take(PasswordLen))
}

// Append encodes the record.
func (r *SessionRecord) Append(b []byte) []byte {
	return append(AppendInt32(AppendInt64(b, r.ID), r.Timeout), r.Password[:]...)
}

// WatcherEvent is the body of a notification.
type WatcherEvent struct {
	Type  EventType
	State int32
	Path  string
}

// Decode reads the record.
func (r *WatcherEvent) Decode(d *Decoder) {
	r.Type, r.State, r.Path = EventType(d.Int32()), d.Int32(), d.String()
}

// Append encodes the record.
func (r *WatcherEvent) Append(b []byte) []byte {
	return AppendString(AppendInt32(AppendInt32(b, int32(r.Type)), r.State), r.Path)
}

// SetWatches re-arms the watches of a client on its new connection. It answers
// with an event for each that has fired since RelativeZxid.
type SetWatches struct {
	RelativeZxid       int64
	Data, Exist, Child []string
}

// Decode reads the record.
func (r *SetWatches) Decode(d *Decoder) {
	r.RelativeZxid, r.Data, r.Exist, r.Child = d.Int64(), d.Strings(), d.Strings(), d.Strings()
}

// Append encodes the record.
func (r *SetWatches) Append(b []byte) []byte {
	return AppendStrings(AppendStrings(AppendStrings(AppendInt64(b, r.RelativeZxid), r.Data), r.Exist), r.Child)
}
