package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// DefaultMaxFrame is Apache ZooKeeper's default jute.maxbuffer, in bytes: what
// is after the length of a frame may not be longer.
const DefaultMaxFrame = 0xfffff

// FrameTooLongError says that a peer announced a frame over the limit.
type FrameTooLongError struct {
	Length int64 // announced, in bytes; negative when read as the signed number it is
	Max    int   // allowed, in bytes
}

func (e *FrameTooLongError) Error() string {
	return fmt.Sprintf("frame of %d bytes announced, at most %d allowed", e.Length, e.Max)
}

// firstRead bounds what one frame may make ReadFrame allocate before any of
// its bytes have come.
const firstRead = 64 << 10

// ReadFrame reads one frame of at most limit bytes from r and returns what is
// after its length. It reuses buf where that is large enough. A frame that is
// announced but does not come costs at most 64 KiB, whatever its length. At the
// end of r between two frames it returns [io.EOF], within one
// [io.ErrUnexpectedEOF].
func ReadFrame(r io.Reader, limit int, buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int64(int32(binary.BigEndian.Uint32(head[:])))
	if n < 0 || n > int64(limit) {
		return nil, &FrameTooLongError{Length: n, Max: limit}
	}
	return readBody(r, int(n), buf[:0])
}

// readBody reads n bytes, doubling the buffer as they come.
func readBody(r io.Reader, n int, buf []byte) ([]byte, error) {
	for len(buf) < n {
		step := min(n-len(buf), max(cap(buf)-len(buf), len(buf), firstRead))
		have := len(buf)
		buf = append(buf, make([]byte, step)...)
		if _, err := io.ReadFull(r, buf[have:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return buf, nil
}
