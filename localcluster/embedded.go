package localcluster

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/zooctl/zooctl/localcluster/server"
)

// embedded is this program's own server.
type embedded struct{}

func (embedded) check(string) error   { return nil }
func (embedded) listens() bool        { return true }
func (embedded) links() error         { return nil }
func (embedded) prepare(member) error { return nil }

// serverInput is what a server process reads first from its standard input, so
// that the secret is in no argument and no environment. The end of that input is
// the end of its owner.
type serverInput struct {
	ID      int           `json:"id"`
	Peers   []peer        `json:"peers"`
	Data    string        `json:"data"`
	Secret  []byte        `json:"secret"`
	Version string        `json:"version"`
	Links   []server.Link `json:"links,omitempty"`
}

func (embedded) command(m member, files []*os.File) (*exec.Cmd, []byte, error) {
	cmd, err := again(roleServer, fmt.Sprint("server ", m.id))
	if err != nil {
		return nil, nil, err
	}
	cmd.ExtraFiles = files
	in, err := json.Marshal(serverInput{ID: m.id, Peers: m.peers, Data: filepath.Join(m.dir, "data"), Secret: m.secret, Version: version(), Links: m.faults})
	return cmd, append(in, '\n'), err
}

// The descriptors that a server process is born with: its sockets, and a pipe for what
// it answers to orders.
const (
	clientFD = 3
	peerFD   = 4
	answerFD = 5
)

// serverGC is the garbage collector's percentage in a server: less memory for a little
// more work, since several servers share a machine with what they are there for.
const serverGC = 50

// serverMain is a server process. It ends on SIGTERM, when it fails, or when its
// owner is gone.
func serverMain() int {
	debug.SetGCPercent(serverGC)
	logf := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%s "+format+"\n", append([]any{time.Now().Format("15:04:05.000")}, args...)...)
	}
	if err := serve(logf); err != nil {
		logf("%v", err)
		return 1
	}
	return 0
}

func serve(logf func(string, ...any)) error {
	var in serverInput
	dec := json.NewDecoder(os.Stdin)
	if err := dec.Decode(&in); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	lock, err := holdData(in.Data, dataWait)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // the kernel does as much
	client, err := inherited(clientFD)
	if err != nil {
		return err
	}
	peers, err := inherited(peerFD)
	if err != nil {
		return err
	}
	cfg := server.Config{ID: uint64(in.ID), DataDir: in.Data, Client: client, Peer: peers, Secret: in.Secret, Version: in.Version, Links: in.Links, Logf: logf}
	for _, p := range in.Peers {
		cfg.Peers = append(cfg.Peers, server.Peer{ID: uint64(p.ID), Addr: p.Addr, Election: p.Election, Client: p.Client})
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	signal.Ignore(os.Interrupt, syscall.SIGHUP) // those are the supervisor's to act on
	s, err := server.Start(cfg)
	if err != nil {
		return err
	}
	orphaned := make(chan struct{})
	go func() { // ends with the owner, or with this process
		obey(dec, os.NewFile(answerFD, "answers"), s)
		close(orphaned)
	}()
	logf("server %d serves clients on %s", in.ID, client.Addr())
	select {
	case <-term:
	case <-orphaned:
		logf("the supervisor is gone")
	case <-s.Failed():
		return fmt.Errorf("server failed: %w", s.Err())
	}
	return s.Stop()
}

// version is this program's, as the build has stamped it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func inherited(fd uintptr) (net.Listener, error) {
	f := os.NewFile(fd, "socket")
	if f == nil {
		return nil, fmt.Errorf("descriptor %d was not passed", fd)
	}
	defer f.Close() // FileListener has its own
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	return l, nil
}
