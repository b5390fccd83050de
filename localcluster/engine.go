package localcluster

import (
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/zooctl/zooctl/localcluster/server"
)

// member is one server as an engine sees it.
type member struct {
	id     int
	dir    string // its own: configuration, data, log
	client string // host:port of its clients
	peers  []peer // all servers
	secret []byte
	dist   string        // apache: where the distribution is
	faults []server.Link // of its links, from the start
}

// peer is where the servers find one of them.
type peer struct {
	ID       int    `json:"id"`
	Addr     string `json:"addr"`               // quorum
	Election string `json:"election,omitempty"` // used by apache alone, and shown by all
	Client   string `json:"client,omitempty"`   // for clients: members tell them of each other
}

// An engine is a kind of server. Starting it, killing it, its log, its readiness
// are the same for all; these are the differences.
type engine interface {
	// check returns nil if the engine can be used here, or what is missing and how
	// to get it. dist is the folder of a distribution, or "".
	check(dist string) error
	// listens tells whether its servers take their sockets from the supervisor.
	listens() bool
	// links returns nil if its servers obey a table of what is wrong with the links
	// between them, or why they do not.
	links() error
	// prepare writes a server's configuration.
	prepare(m member) error
	// command returns the process that serves m, with what to write to its standard
	// input. files are the sockets of the clients and the peers and the pipe for what it
	// answers to orders, if it listens.
	command(m member, files []*os.File) (cmd *exec.Cmd, input []byte, err error)
}

func engineOf(name string) (engine, error) {
	switch name {
	case "embedded":
		return embedded{}, nil
	case "apache":
		return apache{}, nil
	}
	return nil, fmt.Errorf("%w: engine %q: want embedded or apache", ErrBadSpec, name)
}

// listenAt returns a socket on a port of the loopback address; port 0 is any.
func listenAt(port int) (net.Listener, error) {
	return net.Listen("tcp", address(port))
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// portOf returns the port that l listens on.
func portOf(l net.Listener) int {
	a, _ := l.Addr().(*net.TCPAddr) // it is one: see listenAt
	return a.Port
}
