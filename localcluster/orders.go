package localcluster

import (
	"encoding/json"
	"io"
	"os"
	"sync/atomic"

	"github.com/zooctl/zooctl/localcluster/server"
)

// orders is a line that an embedded server reads from its standard input after its
// configuration. It does what it says and answers with the number.
type orders struct {
	Seq   int64         `json:"seq"`
	Links []server.Link `json:"links"` // all that is wrong with its links
}

// obedience is the answer, on the descriptor that the server was born with for it.
type obedience struct {
	Seq int64 `json:"seq"`
}

// controller is the supervisor's side of the orders of one server process.
type controller struct {
	out  io.Writer    // its standard input
	done atomic.Int64 // the last number that it has answered
	seq  int64
}

// follow reads the answers until the process is gone.
func (c *controller) follow(answers io.Reader) {
	for dec := json.NewDecoder(answers); ; {
		var o obedience
		if dec.Decode(&o) != nil {
			return
		}
		c.done.Store(o.Seq)
	}
}

// send tells the server its table of links and returns the number of the order. The
// pipe holds it until the server reads. The operations that send come one after another.
func (c *controller) send(links []server.Link) (int64, error) {
	c.seq++
	return c.seq, json.NewEncoder(c.out).Encode(orders{Seq: c.seq, Links: links})
}

// obeyed tells whether the server has done what order seq said.
func (c *controller) obeyed(seq int64) bool { return c.done.Load() >= seq }

// obey does what the lines of in say, and answers to out, until in ends or makes no
// sense: then the owner of this process is gone.
func obey(in *json.Decoder, out io.Writer, s *server.Server) {
	answer := json.NewEncoder(out)
	for {
		var o orders
		if in.Decode(&o) != nil {
			return
		}
		s.SetLinks(o.Links)
		if answer.Encode(obedience{o.Seq}) != nil {
			return
		}
	}
}

// newController returns what controls a server to be started, and the end of a pipe for
// its answers, if its engine takes orders.
func (s *supervisor) newController() (*controller, *os.File, error) {
	if s.engine.links() != nil {
		return nil, nil, nil
	}
	answers, theirs, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	c := new(controller)
	s.wg.Go(func() { // ends with the process, or with the failure to start one
		c.follow(answers)
		_ = answers.Close() // it was only read
	})
	return c, theirs, nil
}
