package wire

// Stat is what a server tells of a znode beside its data.
type Stat struct {
	Czxid, Mzxid            int64
	Ctime, Mtime            int64 // milliseconds since 1970
	Version, Cversion       int32
	Aversion                int32
	EphemeralOwner          int64 // a session id, or 0
	DataLength, NumChildren int32
	Pzxid                   int64
}

// StatLen is the length of an encoded Stat, in bytes.
const StatLen = 68

// Decode reads the record.
func (s *Stat) Decode(d *Decoder) {
	s.Czxid, s.Mzxid, s.Ctime, s.Mtime = d.Int64(), d.Int64(), d.Int64(), d.Int64()
	s.Version, s.Cversion, s.Aversion, s.EphemeralOwner = d.Int32(), d.Int32(), d.Int32(), d.Int64()
	s.DataLength, s.NumChildren, s.Pzxid = d.Int32(), d.Int32(), d.Int64()
}

// Append encodes the record.
func (s *Stat) Append(b []byte) []byte {
	b = AppendInt64(AppendInt64(AppendInt64(AppendInt64(b, s.Czxid), s.Mzxid), s.Ctime), s.Mtime)
	b = AppendInt64(AppendInt32(AppendInt32(AppendInt32(b, s.Version), s.Cversion), s.Aversion), s.EphemeralOwner)
	return AppendInt64(AppendInt32(AppendInt32(b, s.DataLength), s.NumChildren), s.Pzxid)
}

// Perm is a set of permissions in an ACL.
type Perm int32

// The permissions.
const (
	PermRead   Perm = 1
	PermWrite  Perm = 2
	PermCreate Perm = 4
	PermDelete Perm = 8
	PermAdmin  Perm = 16
	PermAll    Perm = 31
)

// ACL gives permissions to one identity.
type ACL struct {
	Perms  Perm
	Scheme string
	ID     string
}

// Decode reads the record.
func (a *ACL) Decode(d *Decoder) { a.Perms, a.Scheme, a.ID = Perm(d.Int32()), d.String(), d.String() }

// Append encodes the record.
func (a *ACL) Append(b []byte) []byte {
	return AppendString(AppendString(AppendInt32(b, int32(a.Perms)), a.Scheme), a.ID)
}

// WorldACL lets anyone do anything.
func WorldACL() []ACL { return []ACL{{Perms: PermAll, Scheme: "world", ID: "anyone"}} }

func decodeACLs(d *Decoder) []ACL {
	n := d.Count(12)
	if n == 0 {
		return nil
	}
	acls := make([]ACL, n)
	for i := range acls {
		acls[i].Decode(d)
	}
	return acls
}

// AppendACLs appends a vector of ACLs.
func AppendACLs(b []byte, acls []ACL) []byte {
	b = AppendInt32(b, int32(len(acls)))
	for i := range acls {
		b = acls[i].Append(b)
	}
	return b
}
