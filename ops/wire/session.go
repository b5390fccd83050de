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

// SetWatches2 is a SetWatches with the watches of addWatch behind it. Those
// never fire for what was missed: they are armed again and no more.
type SetWatches2 struct {
	SetWatches

	Persistent, Recursive []string
}

// Decode reads the record.
func (r *SetWatches2) Decode(d *Decoder) {
	r.SetWatches.Decode(d)
	r.Persistent, r.Recursive = d.Strings(), d.Strings()
}

// Append encodes the record.
func (r *SetWatches2) Append(b []byte) []byte {
	return AppendStrings(AppendStrings(r.SetWatches.Append(b), r.Persistent), r.Recursive)
}

// AddWatchMode is the kind of watch that addWatch leaves.
type AddWatchMode int32

// The modes of addWatch.
const (
	WatchPersistent AddWatchMode = 0 // as getData and getChildren leave it, and it stays
	WatchRecursive  AddWatchMode = 1 // on the whole subtree, without events of lists of children
)

// AddWatchRequest leaves a watch that stays. It is answered by an ErrorResponse.
type AddWatchRequest struct {
	Path string
	Mode AddWatchMode
}

// Decode reads the record.
func (r *AddWatchRequest) Decode(d *Decoder) { r.Path, r.Mode = d.String(), AddWatchMode(d.Int32()) }

// Append encodes the record.
func (r *AddWatchRequest) Append(b []byte) []byte {
	return AppendInt32(AppendString(b, r.Path), int32(r.Mode))
}

// WatcherType says which watches removeWatches takes off and checkWatches asks for.
type WatcherType int32

// The types of watches.
const (
	WatcherChildren   WatcherType = 1
	WatcherData       WatcherType = 2
	WatcherAny        WatcherType = 3
	WatcherPersistent WatcherType = 4 // since 3.9
	WatcherRecursive  WatcherType = 5 // since 3.9
)

// WatchesRequest takes off watches of this connection (removeWatches), or asks
// whether there are any (checkWatches).
type WatchesRequest struct {
	Path string
	Type WatcherType
}

// Decode reads the record.
func (r *WatchesRequest) Decode(d *Decoder) { r.Path, r.Type = d.String(), WatcherType(d.Int32()) }

// Append encodes the record.
func (r *WatchesRequest) Append(b []byte) []byte {
	return AppendInt32(AppendString(b, r.Path), int32(r.Type))
}

// AuthRequest adds an identity to a connection.
type AuthRequest struct {
	Type   int32 // unused
	Scheme string
	Auth   []byte // what proves it: for digest, user:password
}

// Decode reads the record. Auth aliases the frame.
func (r *AuthRequest) Decode(d *Decoder) { r.Type, r.Scheme, r.Auth = d.Int32(), d.String(), d.Bytes() }

// Append encodes the record.
func (r *AuthRequest) Append(b []byte) []byte {
	return AppendBytes(AppendString(AppendInt32(b, r.Type), r.Scheme), r.Auth)
}

// SASLToken is a step of a SASL exchange, both ways.
type SASLToken struct{ Token []byte }

// Decode reads the record. Token aliases the frame.
func (r *SASLToken) Decode(d *Decoder) { r.Token = d.Bytes() }

// Append encodes the record.
func (r *SASLToken) Append(b []byte) []byte { return AppendBytes(b, r.Token) }

// Identity is who a connection has proved to be, as far as one scheme knows.
type Identity struct{ Scheme, ID string }

// Identities answers whoAmI, and goes with every write in the log of the
// embedded servers.
type Identities []Identity

// Decode reads the record.
func (r *Identities) Decode(d *Decoder) {
	n := d.Count(8)
	*r = make(Identities, 0, n)
	for range n {
		*r = append(*r, Identity{d.String(), d.String()})
	}
}

// Append encodes the record.
func (r Identities) Append(b []byte) []byte {
	b = AppendInt32(b, int32(len(r)))
	for _, id := range r {
		b = AppendString(AppendString(b, id.Scheme), id.ID)
	}
	return b
}
