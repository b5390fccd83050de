package consensus

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Two peers prove to each other that they know the secret of the cluster, without
// sending it: each answers the other's random challenge with a keyed hash over all
// that was said. The dialler goes first, with what it is:
//
//	magic, its id, the id that it wants, the number of its data, the version of the
//	membership that it knows, its challenge, the length of its address (1 byte), the
//	address
//
// The other side answers with its challenge, the number of its data, the version that
// it knows, and a verdict. Integers have 8 bytes.
const (
	handshakeMagic = "zooctl2\n"
	challengeLen   = 32
	handshakeTime  = 5 * time.Second
	helloLen       = len(handshakeMagic) + 4*8 + challengeLen + 1
	answerLen      = challengeLen + 2*8 + 1
	maxAddr        = 255
)

// The verdicts on a dialler.
const (
	verdictPeer     byte = 1
	verdictNoMember byte = 2 // the answering side knows a membership without it
	verdictLostData byte = 3 // it was met with another log
)

// self is what a node says of itself.
type self struct {
	id, number, version uint64
	addr                string
}

var errSecret = errors.New("the peer does not know the secret of this cluster")

// proof is what a side sends; role keeps one side's from serving as the other's.
func proof(secret []byte, role string, hello, challenge []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(role)) // a hash's Write never fails
	h.Write(hello)
	h.Write(challenge)
	return h.Sum(nil)
}

// greeted is what a dialler has learned of its peer.
type greeted struct {
	number, version uint64 // of its data, and of the membership that it knows
	verdict         byte
}

// greet is the dialler's side.
func greet(nc net.Conn, secret []byte, me self, peer uint64) (g greeted, err error) {
	_ = nc.SetDeadline(time.Now().Add(handshakeTime))
	hello := []byte(handshakeMagic)
	for _, v := range [...]uint64{me.id, peer, me.number, me.version} {
		hello = binary.BigEndian.AppendUint64(hello, v)
	}
	hello = append(hello, challenge()...)
	addr := me.addr[:min(len(me.addr), maxAddr)]
	hello = append(append(hello, byte(len(addr))), addr...)
	if _, err := nc.Write(hello); err != nil {
		return g, err
	}
	var answer [answerLen + sha256.Size]byte
	if _, err := io.ReadFull(nc, answer[:]); err != nil {
		return g, fmt.Errorf("handshake: %w", err)
	}
	said := answer[:answerLen]
	if !hmac.Equal(answer[answerLen:], proof(secret, "accepts", hello, said)) {
		return g, errSecret
	}
	if _, err := nc.Write(proof(secret, "dials", hello, said)); err != nil {
		return g, err
	}
	g.number, g.version = binary.BigEndian.Uint64(said[challengeLen:]), binary.BigEndian.Uint64(said[challengeLen+8:])
	g.verdict = said[answerLen-1]
	return g, nc.SetDeadline(time.Time{})
}

// inbound is a connection that a peer has made.
type inbound struct {
	self  // the peer's
	nc    net.Conn
	hello []byte
	lost  atomic.Bool // something that came by it was not taken
	guest bool        // it was no member when it came; under peersMu
}

// hear is the beginning of the other side: it learns who the dialler says it is.
func hear(nc net.Conn, own uint64) (*inbound, error) {
	_ = nc.SetDeadline(time.Now().Add(handshakeTime))
	hello := make([]byte, helloLen, helloLen+maxAddr)
	if _, err := io.ReadFull(nc, hello); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	if string(hello[:len(handshakeMagic)]) != handshakeMagic {
		return nil, errors.New("not a peer of this program")
	}
	hello = hello[:helloLen+int(hello[helloLen-1])]
	if _, err := io.ReadFull(nc, hello[helloLen:]); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	said := hello[len(handshakeMagic):]
	in := &inbound{nc: nc, hello: hello}
	in.id, in.number, in.version = binary.BigEndian.Uint64(said), binary.BigEndian.Uint64(said[16:]), binary.BigEndian.Uint64(said[24:])
	in.addr = string(hello[helloLen:])
	if to := binary.BigEndian.Uint64(said[8:]); to != own {
		return nil, fmt.Errorf("it wants server %d, this is %d", to, own)
	}
	if in.id == own || in.id == 0 {
		return nil, fmt.Errorf("server %d cannot be its own peer", in.id)
	}
	return in, nil
}

// answer is the rest: each side shows the other that it knows the secret.
func (in *inbound) answer(secret []byte, me self, verdict byte) error {
	said := challenge()
	for _, v := range [...]uint64{me.number, me.version} {
		said = binary.BigEndian.AppendUint64(said, v)
	}
	said = append(said, verdict)
	if _, err := in.nc.Write(append(said, proof(secret, "accepts", in.hello, said)...)); err != nil {
		return err
	}
	var theirs [sha256.Size]byte
	if _, err := io.ReadFull(in.nc, theirs[:]); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if !hmac.Equal(theirs[:], proof(secret, "dials", in.hello, said)) {
		return errSecret
	}
	return in.nc.SetDeadline(time.Time{})
}

func challenge() []byte {
	b := make([]byte, challengeLen)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
