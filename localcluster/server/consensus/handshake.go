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
// sending it: each answers the other's random challenge with a keyed hash over both
// challenges and both ids. The dialler goes first with magic, its id, the id that
// it wants, and its challenge.
const (
	handshakeMagic = "zooctl1\n"
	challengeLen   = 32
	handshakeTime  = 5 * time.Second
	helloLen       = len(handshakeMagic) + 8 + 8 + challengeLen
	answerLen      = challengeLen + sha256.Size
)

var errSecret = errors.New("the peer does not know the secret of this cluster")

// proof is what a side sends; role keeps one side's from serving as the other's.
func proof(secret []byte, role string, hello, challenge []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(role)) // a hash's Write never fails
	h.Write(hello)
	h.Write(challenge)
	return h.Sum(nil)
}

// greet is the dialler's side.
func greet(nc net.Conn, secret []byte, self, peer uint64) error {
	_ = nc.SetDeadline(time.Now().Add(handshakeTime))
	hello := []byte(handshakeMagic)
	hello = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(hello, self), peer)
	hello = append(hello, challenge()...)
	if _, err := nc.Write(hello); err != nil {
		return err
	}
	var answer [answerLen]byte
	if _, err := io.ReadFull(nc, answer[:]); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	theirs := answer[:challengeLen]
	if !hmac.Equal(answer[challengeLen:], proof(secret, "accepts", hello, theirs)) {
		return errSecret
	}
	if _, err := nc.Write(proof(secret, "dials", hello, theirs)); err != nil {
		return err
	}
	return nc.SetDeadline(time.Time{})
}

// inbound is a connection that a peer has made.
type inbound struct {
	from  uint64
	nc    net.Conn
	hello []byte
	lost  atomic.Bool // something that came by it was not taken
}

// hear is the beginning of the other side: it learns who the dialler says it is.
func hear(nc net.Conn, self uint64, known func(id uint64) bool) (*inbound, error) {
	_ = nc.SetDeadline(time.Now().Add(handshakeTime))
	hello := make([]byte, helloLen)
	if _, err := io.ReadFull(nc, hello); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	ids := hello[len(handshakeMagic):]
	from, to := binary.BigEndian.Uint64(ids), binary.BigEndian.Uint64(ids[8:])
	switch {
	case string(hello[:len(handshakeMagic)]) != handshakeMagic:
		return nil, errors.New("not a peer of this program")
	case to != self:
		return nil, fmt.Errorf("it wants server %d, this is %d", to, self)
	case from == self || !known(from):
		return nil, fmt.Errorf("server %d is no peer", from)
	}
	return &inbound{from: from, nc: nc, hello: hello}, nil
}

// prove is the rest: each side shows the other that it knows the secret.
func (in *inbound) prove(secret []byte) error {
	ours := challenge()
	if _, err := in.nc.Write(append(ours, proof(secret, "accepts", in.hello, ours)...)); err != nil {
		return err
	}
	var theirs [sha256.Size]byte
	if _, err := io.ReadFull(in.nc, theirs[:]); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if !hmac.Equal(theirs[:], proof(secret, "dials", in.hello, ours)) {
		return errSecret
	}
	return in.nc.SetDeadline(time.Time{})
}

func challenge() []byte {
	b := make([]byte, challengeLen)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
