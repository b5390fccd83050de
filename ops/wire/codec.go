package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The ways in which bytes fail to be a record.
var (
	// ErrShort means that a record goes on where its frame has ended.
	ErrShort = errors.New("record is cut short")
	// ErrLength means a negative length, or one that the frame cannot hold.
	ErrLength = errors.New("record holds an impossible length")
)

// Decoder reads fields from the bytes of one frame. After the first error all
// further reads return zero values; Err tells that error.
type Decoder struct {
	b   []byte
	err error
}

// NewDecoder returns a Decoder over b. What it returns by [Decoder.Bytes]
// aliases b.
func NewDecoder(b []byte) Decoder { return Decoder{b: b} }

// Err returns the first error met, or nil.
func (d *Decoder) Err() error { return d.err }

// Rest returns the bytes not yet read.
func (d *Decoder) Rest() []byte { return d.b }

// Len returns the number of bytes not yet read.
func (d *Decoder) Len() int { return len(d.b) }

func (d *Decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

func (d *Decoder) take(n int) []byte {
	if n > len(d.b) {
		d.fail(ErrShort)
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

// Bool reads a byte; anything but zero is true.
func (d *Decoder) Bool() bool {
	b := d.take(1)
	return b != nil && b[0] != 0
}

// Int32 reads a 32-bit integer.
func (d *Decoder) Int32() int32 {
	if b := d.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// Int64 reads a 64-bit integer.
func (d *Decoder) Int64() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Bytes reads a buffer. Null is nil, empty is not nil. The result aliases the
// frame.
func (d *Decoder) Bytes() []byte {
	n := d.Int32()
	switch {
	case d.err != nil || n == -1:
		return nil
	case n < 0 || int(n) > len(d.b):
		d.fail(ErrLength)
		return nil
	case n == 0:
		return []byte{}
	}
	return d.take(int(n))
}

// String reads a string. Null becomes "".
func (d *Decoder) String() string { return string(d.Bytes()) }

// Count reads the length of a vector whose elements take at least so many bytes
// each, so that a lie about it cannot make the caller allocate more than the
// frame justifies. Null becomes 0.
func (d *Decoder) Count(least int) int {
	n := d.Int32()
	switch {
	case d.err != nil || n == -1:
		return 0
	case n < 0 || int64(n)*int64(least) > int64(len(d.b)):
		d.fail(ErrLength)
		return 0
	}
	return int(n)
}

// Strings reads a vector of strings.
func (d *Decoder) Strings() []string {
	n := d.Count(4)
	if n == 0 {
		return nil
	}
	s := make([]string, 0, n)
	for range n {
		s = append(s, d.String())
	}
	return s
}

// AppendBool appends a bool.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendInt32 appends a 32-bit integer.
func AppendInt32(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }

// AppendInt64 appends a 64-bit integer.
func AppendInt64(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

// AppendBytes appends a buffer; nil becomes null.
func AppendBytes(b, v []byte) []byte {
	if v == nil {
		return AppendInt32(b, -1)
	}
	return append(AppendInt32(b, int32(len(v))), v...)
}

// AppendString appends a string.
func AppendString(b []byte, v string) []byte { return append(AppendInt32(b, int32(len(v))), v...) }

// AppendStrings appends a vector of strings.
func AppendStrings(b []byte, v []string) []byte {
	b = AppendInt32(b, int32(len(v)))
	for _, s := range v {
		b = AppendString(b, s)
	}
	return b
}

// A Record encodes itself.
type Record interface{ Append([]byte) []byte }

// Frame returns records behind their common length, ready to be written.
func Frame(records ...Record) []byte {
	b := make([]byte, 4, 64)
	for _, r := range records {
		b = r.Append(b)
	}
	return PutLength(b, 0)
}

// PutLength writes the length of the frame that begins at b[start:], four
// bytes of room first, and returns b.
func PutLength(b []byte, start int) []byte {
	n := len(b) - start - 4
	if n < 0 || n > math.MaxInt32 {
		panic(fmt.Sprintf("wire: frame of %d bytes", n))
	}
	binary.BigEndian.PutUint32(b[start:], uint32(n))
	return b
}
