package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// snapshotPattern names the file that a snapshot is kept in while it is sent.
const snapshotPattern = "admin-snapshot-*.tmp"

// maxRestore bounds a snapshot that is put back, in bytes. It is one entry of the log.
const maxRestore = 60 << 20

// restoreTime bounds the wait for a snapshot that is put back to be applied.
const restoreTime = 30 * time.Second

// limiter lets one pass in each interval, as Apache ZooKeeper's does.
type limiter struct {
	every time.Duration
	mu    sync.Mutex
	last  time.Time
}

func (l *limiter) allow(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.every > 0 && !l.last.IsZero() && now.Sub(l.last) <= l.every {
		return false
	}
	l.last = now
	return true
}

// takeSnapshot writes the tree to a file and sends it. Its format is the one in which
// this server keeps its own, not Apache ZooKeeper's: it is for restore, of this server
// or another of its kind.
func (a *admin) takeSnapshot(r *http.Request) response {
	if a.s.cfg.NoSnapshot {
		return response{status: http.StatusServiceUnavailable}
	}
	if !a.snapshot.allow(time.Now()) {
		a.s.stats.snapshotLimited.Add(1)
		return response{status: http.StatusTooManyRequests}
	}
	write, zxid := a.s.snapshot()
	f, size, err := keepSnapshot(a.s.cfg.DataDir, write)
	if err != nil {
		a.s.stats.snapshotErrors.Add(1)
		a.s.cfg.Logf("admin: snapshot: %v", err)
		return response{status: http.StatusInternalServerError}
	}
	res := response{header: map[string]string{"last_zxid": fmt.Sprintf("0x%x", uint64(zxid)), "snapshot_size": strconv.FormatInt(size, 10)}}
	if q := r.URL.Query(); r.Method == http.MethodHead || q.Has("streaming") && !strings.EqualFold(q.Get("streaming"), "true") {
		if err := drop(f); err != nil {
			a.s.cfg.Logf("admin: snapshot: %v", err)
		}
		return res
	}
	res.header["Content-Length"] = strconv.FormatInt(size, 10)
	res.stream = func(w io.Writer) error {
		_, err := io.CopyBuffer(w, struct{ io.Reader }{f}, make([]byte, 64<<10))
		return errors.Join(err, drop(f))
	}
	return res
}

// keepSnapshot writes a snapshot to a file of its own, which is at its beginning then.
func keepSnapshot(dir string, write func(io.Writer) error) (*os.File, int64, error) {
	f, err := os.CreateTemp(dir, snapshotPattern)
	if err != nil {
		_ = write(failing{err}) // lets go of the snapshot
		return nil, 0, err
	}
	err = write(f)
	size := int64(0)
	if err == nil {
		size, err = f.Seek(0, io.SeekCurrent)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, 0, errors.Join(err, drop(f))
	}
	return f, size, nil
}

// failing is a writer that fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func drop(f *os.File) error { return errors.Join(f.Close(), os.Remove(f.Name())) }

// restore puts a snapshot back: on every server of the ensemble, since it goes through
// the log like a write. (Apache ZooKeeper changes the one server that is asked, and
// leaves the others to whoever asks.) All connections end; who held a session that is
// in the snapshot may come back with it, if its time has not come.
func (a *admin) restore(w http.ResponseWriter, r *http.Request) response {
	if a.s.cfg.NoRestore {
		return response{status: http.StatusServiceUnavailable}
	}
	if !a.mayPut.allow(time.Now()) {
		a.s.stats.restoreLimited.Add(1)
		return response{status: http.StatusTooManyRequests}
	}
	began := time.Now()
	zxid, err := a.putBack(w, r)
	if err != nil {
		a.s.stats.restoreErrors.Add(1)
		a.s.cfg.Logf("admin: restore: %v", err)
		status, tooLong := http.StatusInternalServerError, (*http.MaxBytesError)(nil)
		if errors.As(err, &tooLong) || errors.Is(err, consensus.ErrTooLong) {
			status = http.StatusRequestEntityTooLarge
		}
		return response{status: status}
	}
	a.s.stats.restore.Observe(time.Since(began))
	return response{fields: object{{"last_zxid", zxid}}}
}

// putBack reads a snapshot, sees that it is whole, and has the ensemble take it.
func (a *admin) putBack(w http.ResponseWriter, r *http.Request) (int64, error) {
	ctrl := http.NewResponseController(w)
	body, err := io.ReadAll(readPatiently{http.MaxBytesReader(w, r.Body, maxRestore), ctrl})
	if err != nil {
		return 0, err
	}
	if _, err := loadWhole(body); err != nil {
		return 0, err
	}
	if err := ctrl.SetWriteDeadline(time.Now().Add(restoreTime + adminIdle)); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), restoreTime)
	defer cancel()
	return a.s.restoreAll(ctx, body)
}

// readPatiently reads for as long as the other side goes on sending.
type readPatiently struct {
	r    io.Reader
	ctrl *http.ResponseController
}

func (p readPatiently) Read(b []byte) (int, error) {
	if err := p.ctrl.SetReadDeadline(time.Now().Add(adminIdle)); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// loadWhole loads a snapshot behind which nothing may follow.
func loadWhole(body []byte) (*tree.Tree, error) {
	in := bytes.NewReader(body)
	t, err := tree.Load(in)
	if err == nil && in.Len() > 0 {
		err = fmt.Errorf("%w: %d bytes follow it", tree.ErrSnapshot, in.Len())
	}
	return t, err
}

// errUnknown means that a restore may or may not come about.
var errUnknown = errors.New("no end was seen in time: the snapshot may or may not be put back")

// restoreAll proposes a snapshot and waits until this server has applied it. It returns
// the zxid of the change. A new leader is no reason to give up: a large snapshot takes
// the leader so long to apply that the others may choose another, which has it as well.
func (s *Server) restoreAll(ctx context.Context, body []byte) (int64, error) {
	nonce, done := s.nextNonce(), make(chan int64, 1)
	s.connsMu.Lock()
	s.restoring[nonce] = done
	s.connsMu.Unlock()
	defer func() {
		s.connsMu.Lock()
		delete(s.restoring, nonce)
		s.connsMu.Unlock()
	}()
	if err := s.propose(&tree.Txn{Conn: nonce, Op: wire.OpRestore, Body: body}); err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, errUnknown
	case zxid := <-done:
		return zxid, nil
	}
}

// restored applies a snapshot that was put back, and tells whoever waits here. The
// caller holds the tree's lock, and cuts all connections once it has let it go. Whether
// the snapshot can be read is the same on every server; one that cannot changes nothing.
func (s *Server) restored(txn *tree.Txn, now time.Time) bool {
	t, err := loadWhole(txn.Body)
	if err != nil {
		s.cfg.Logf("restore: %v", err)
		return false
	}
	t.Succeed(s.tree, txn.Term)
	s.tree = t
	s.clockMu.Lock()
	if s.leading {
		s.clock.Reset()
		s.grace(now)
	}
	s.clockMu.Unlock()
	s.connsMu.Lock()
	select {
	case s.restoring[txn.Conn] <- t.LastZxid():
	default: // nobody waits here
	}
	s.connsMu.Unlock()
	s.cfg.Logf("a snapshot was put back: %d znodes, zxid 0x%x", t.NodeCount(), uint64(t.LastZxid()))
	return true
}
