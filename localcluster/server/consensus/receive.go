package consensus

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// accept takes the connections of peers. It ends with the listener.
func (n *Node) accept() {
	for {
		nc, err := n.cfg.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			n.cfg.Logf("accept: %v", err)
			t := time.NewTimer(dialLast) // out of descriptors, say
			select {
			case <-n.ctx.Done():
			case <-t.C:
			}
			t.Stop()
			continue
		}
		n.wg.Go(func() { n.receive(nc) }) // ends with the connection or the context
	}
}

// receive takes the frames of one peer.
func (n *Node) receive(nc net.Conn) {
	defer closeOn(n.ctx.Done(), nc)()
	defer nc.Close()
	in, err := hear(nc, n.cfg.ID)
	if err != nil {
		n.cfg.Logf("connection from %s refused: %v", nc.RemoteAddr(), err)
		return
	}
	defer n.register(in)()
	if n.fault(in.id).cut() {
		n.silence(in)
		return
	}
	if ok, err := n.admit(in); err != nil {
		n.cfg.Logf("peer %d at %s: %v", in.id, nc.RemoteAddr(), err)
		return
	} else if !ok {
		return
	}
	br := bufio.NewReaderSize(nc, 64<<10)
	var buf []byte
	for {
		frame, err := readFrame(br, buf[:0])
		if err != nil {
			return
		}
		if buf = frame; cap(buf) > 1<<20 {
			buf = nil
		}
		lost, over := n.deaf(in)
		if over {
			return
		}
		if lost {
			continue
		}
		if err := n.frame(in.id, frame); err != nil {
			n.cfg.Logf("peer %d: %v", in.id, err)
			return
		}
	}
}

func (n *Node) frame(from uint64, frame []byte) error {
	if len(frame) == 0 {
		return errors.New("an empty frame")
	}
	if l := n.link(from); l != nil {
		l.heard.Store(n.ticks.Load())
	}
	switch body := frame[1:]; frame[0] {
	case frameRaft:
		m := new(pb.Message)
		if err := proto.Unmarshal(body, m); err != nil {
			return err
		}
		// A wish for another leader is passed on in the name of whom it is for.
		if m.GetFrom() != from && m.GetType() != pb.MsgTransferLeader || m.GetTo() != n.cfg.ID {
			return fmt.Errorf("a message from %d to %d on its connection", m.GetFrom(), m.GetTo())
		}
		n.mu.Lock()
		n.inbox = append(n.inbox, m)
		n.mu.Unlock()
		wake(n.kick)
	case frameProposal:
		// The sender believed this node to lead. If it was wrong it will be told of
		// another leader, and knows then that its proposals may be lost.
		if st := n.status.Load(); st.Leader == n.cfg.ID {
			n.enqueue(body)
		}
	case frameMessage:
		n.cfg.Machine.Receive(from, body)
	default:
		return fmt.Errorf("a frame of unknown kind %d", frame[0])
	}
	return nil
}

// readFrame reads one frame into buf, whose growth follows the bytes that have
// come.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(head[:]))
	if n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes", n)
	}
	for len(buf) < n {
		have := len(buf)
		step := min(n-have, max(cap(buf)-have, have, firstRead))
		buf = append(buf, make([]byte, step)...)
		if _, err := io.ReadFull(r, buf[have:]); err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// closeOn closes nc when done is. The function that it returns ends that, and
// waits until it has ended.
func closeOn(done <-chan struct{}, nc net.Conn) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() { // ends with stop
		defer close(ended)
		select {
		case <-done:
			_ = nc.Close()
		case <-end:
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
