package consensus

import "encoding/binary"

// The data of an entry is the leader's clock and then each payload behind its
// length.
const (
	timeLen   = 8
	lengthLen = 4
)

// newBatch returns the beginning of an entry with room for as many bytes of payload;
// its time is set when the loop takes it.
func newBatch(room int) []byte { return make([]byte, timeLen, timeLen+lengthLen+max(room, 256)) }

func appendPayload(b, payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(payload))), payload...)
}

func setTime(b []byte, ms int64) { binary.BigEndian.PutUint64(b, uint64(ms)) }

// decode reads the data of an entry into e, whose slice it reuses. What does not
// fit is left out: no node writes such entries.
func decode(data []byte, e *Entry) {
	e.Payloads = e.Payloads[:0]
	if len(data) < timeLen {
		return
	}
	e.Time = int64(binary.BigEndian.Uint64(data))
	for data = data[timeLen:]; len(data) >= lengthLen; {
		n := int(binary.BigEndian.Uint32(data))
		if n < 0 || n > len(data)-lengthLen {
			return
		}
		e.Payloads = append(e.Payloads, data[lengthLen:lengthLen+n:lengthLen+n])
		data = data[lengthLen+n:]
	}
}
