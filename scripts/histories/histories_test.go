package histories

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster"
)

func TestMain(m *testing.M) {
	if code, ok := localcluster.Child(); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// roundTime is the length of one history. A new one has new znodes.
const roundTime = 10 * time.Second

// clientsPerServer is the number of clients for each server, who move between them. There
// are so many that a fault meets some in the middle of a write.
const clientsPerServer = 4

// killsPerRound is the number of kills after which a history of the campaign ends.
const killsPerRound = 50

// patience bounds what must happen in the end. It is no measurement.
const patience = 2 * time.Minute

// number reads a variable of the environment.
func number(t *testing.T, name string, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestHistories records histories under everything that a nemesis knows, and checks
// them.
func TestHistories(t *testing.T) {
	length := time.Duration(number(t, "HISTORY_SECONDS", 10)) * time.Second
	for _, size := range []int{3, 5} {
		t.Run(fmt.Sprint(size, " servers"), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, size, everything())
			for end := time.Now().Add(length / 2); time.Now().Before(end) && !t.Failed(); {
				s.round(t, min(roundTime, time.Until(end)), 0)
			}
		})
	}
}

// TestKills kills one, some and all servers at random moments under load, so many times:
// no acknowledged write is lost, and every server comes back.
func TestKills(t *testing.T) {
	t.Parallel()
	kills := int(number(t, "HISTORY_KILLS", 10))
	s := newStage(t, 3, killing())
	times, killed := 0, 0
	for times < kills && !t.Failed() {
		n := s.round(t, patience, min(killsPerRound, kills-times))
		times, killed = times+n.kills, killed+n.killed
	}
	t.Logf("killed %d times, %d servers in all, and each came back", times, killed)
}

// stage is an ensemble on which one history after another is made.
type stage struct {
	cluster *localcluster.Cluster
	servers []string
	harm    []harm
	seed    uint64
	rounds  int
}

func newStage(t *testing.T, size int, harm []harm) *stage {
	t.Helper()
	seed := number(t, "HISTORY_SEED", 1)
	t.Logf("HISTORY_SEED=%d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, st, err := localcluster.Temporary(ctx, localcluster.Spec{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Down(context.Background(), false); err != nil {
			t.Error(err)
		}
	})
	return &stage{cluster: c, servers: st.Servers, harm: harm, seed: seed}
}

// round makes one history and checks it. It lasts so long, or until so many servers were
// killed, if kills is not 0. It returns the nemesis, with what that did.
func (s *stage) round(t *testing.T, length time.Duration, kills int) *nemesis {
	t.Helper()
	s.rounds++
	root := fmt.Sprintf("/h%d", s.rounds)
	log := &ledger{began: time.Now()}
	seed := s.seed + uint64(s.rounds)
	s.prepare(t, root, log, seed)
	n := &nemesis{cluster: s.cluster, size: len(s.servers), rng: rand.New(rand.NewPCG(seed, 0)), log: log, harm: s.harm}
	deadline, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var wg sync.WaitGroup
	working, stop := context.WithCancel(t.Context())
	defer stop()
	for id := range clientsPerServer * len(s.servers) {
		w := &work{client: newClient(id+1, s.servers, seed, log), root: root}
		wg.Go(func() { w.run(working) }) // ends with working
	}
	err := n.run(t.Context(), deadline, func() bool { return kills > 0 && n.kills >= kills })
	stop()
	wg.Wait()
	if err == nil {
		err = s.finish(t, root, log)
	}
	s.judge(t, log.history(), n, err)
	return n
}

// prepare makes the znodes of a round.
func (s *stage) prepare(t *testing.T, root string, log *ledger, seed uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w := &work{client: newClient(0, s.servers, seed, log), root: root}
	w.patient = true
	if err := w.ready(ctx); err != nil {
		t.Fatal(err)
	}
	defer w.drop()
	for _, path := range []string{root, root + sequence, root + sessions, twin(root, 0), twin(root, 1)} {
		w.create(create, path, 0)
		if w.nc == nil {
			t.Fatal("connection lost in peace")
		}
	}
	w.both()
	w.close()
}

// finish reads everything from every server, and waits for the ephemeral znodes of the
// clients, all of whose sessions were left or have ended, to go. The bound of that wait
// is generous since nothing is measured here.
func (s *stage) finish(t *testing.T, root string, log *ledger) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i, addr := range s.servers {
		w := &work{client: newClient(1000+i, []string{addr}, s.seed, log), root: root}
		err := w.last(ctx)
		w.drop()
		if err != nil {
			return fmt.Errorf("at the end, through %s: %w", addr, err)
		}
	}
	return nil
}

// last reads all that a round has left behind.
func (w *work) last(ctx context.Context) error {
	defer w.drop()
	w.patient = true
	if err := w.ready(ctx); err != nil {
		return err
	}
	paths := []string{twin(w.root, 0), twin(w.root, 1)}
	for i := range keys {
		paths = append(paths, key(w.root, i))
	}
	for _, path := range paths {
		if w.read(path); w.nc == nil {
			return fmt.Errorf("the connection was lost in peace over %s", path)
		}
	}
	if _, ok := w.list(w.root + sequence); !ok {
		return fmt.Errorf("the children of %s are not to be had", w.root+sequence)
	}
	for {
		l, ok := w.list(w.root + sessions)
		switch {
		case !ok:
			return fmt.Errorf("the children of %s are not to be had", w.root+sessions)
		case len(l.Names) == 0:
			w.close()
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("ephemeral znodes of sessions that have ended are left: %v", l.Names)
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// judge checks a history, and keeps what fails.
func (s *stage) judge(t *testing.T, h []record, n *nemesis, err error) {
	t.Helper()
	dir := os.Getenv("HISTORY_DIR")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "zooctl-histories")
	}
	dir = filepath.Join(dir, fmt.Sprintf("%d-servers-seed-%d-round-%d", len(s.servers), s.seed, s.rounds))
	bad := verdict(h, n.faults, drawing(dir))
	if err != nil {
		bad = append(bad, err.Error())
	}
	t.Logf("round %d: %d harms; %s", s.rounds, len(n.done), summary(h))
	if len(bad) == 0 {
		return
	}
	if err := keep(dir, h, bad, n.done); err != nil {
		t.Error(err)
	}
	for _, line := range bad[:min(len(bad), 10)] {
		t.Error(line)
	}
	t.Errorf("%d violations; the history is in %s", len(bad), dir)
}
