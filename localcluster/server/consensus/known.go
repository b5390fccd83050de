package consensus

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
)

// acquaintances remembers on disk which data each peer had when it was first met. A
// data directory has a number of its own, drawn when it was made. A member that comes
// back with another one has lost its log, and with it what it voted for and what it
// acknowledged: it must not count as the member that it was.
//
// What nobody has met before it was lost cannot be told from a server that starts for
// the first time.
//
// The file has a line for each: id, the entry that made it a member, number, checksum.
// Lines are added before the peer is believed anything, and a line cut short by a
// crash is none.
type acquaintances struct {
	file   string
	noSync bool

	mu   sync.Mutex
	seen map[uint64]acquaintance
}

type acquaintance struct{ since, number uint64 }

func openAcquaintances(dir string, noSync bool) (*acquaintances, error) {
	a := &acquaintances{file: filepath.Join(dir, "peers"), noSync: noSync, seen: make(map[uint64]acquaintance)}
	f, err := os.OpenFile(a.file, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var id uint64
		var who acquaintance
		var sum uint32
		if n, err := fmt.Sscanf(lines.Text(), "%d %d %x %x", &id, &who.since, &who.number, &sum); n != 4 || err != nil || line(id, who) != lines.Text() {
			continue
		}
		a.seen[id] = who
	}
	return a, errors.Join(lines.Err(), f.Close())
}

func line(id uint64, who acquaintance) string {
	s := fmt.Sprintf("%d %d %x", id, who.since, who.number)
	return fmt.Sprintf("%s %08x", s, crc32.Checksum([]byte(s), castagnoli()))
}

// of returns the number of the data that a member had when it was met, or 0.
func (a *acquaintances) of(m *member) uint64 {
	if m == nil {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if who := a.seen[m.ID]; who.since == m.since {
		return who.number
	}
	return 0
}

// meet notes the number of a member's data, and returns when that is on disk. It fails
// if the member had other data before.
func (a *acquaintances) meet(m *member, number uint64) error {
	if m == nil {
		return nil // it is no member yet
	}
	who := acquaintance{m.since, number}
	if known, err := a.recall(m.ID, who, false); known || err != nil {
		return err
	}
	f, err := os.OpenFile(a.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + line(m.ID, who) + "\n") // a line cut short before it ends here
	if err == nil && !a.noSync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, err = a.recall(m.ID, who, true) // whoever was met meanwhile was first
	return err
}

// recall tells whether a member was met before with that data, and fails if it was with
// other data. It notes one that was not, if it is told to.
func (a *acquaintances) recall(id uint64, who acquaintance, note bool) (known bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch old := a.seen[id]; {
	case old == who:
		return true, nil
	case old.since == who.since && old.number != 0:
		return false, &lostDataError{id: id}
	}
	if note {
		a.seen[id] = who
	}
	return false, nil
}

// lostDataError means that a member is back without its log.
type lostDataError struct{ id uint64 }

func (e *lostDataError) Error() string {
	return fmt.Sprintf("server %d has lost its data: it is known with another log. Remove it from the ensemble and add it again, as one that joins", e.id)
}
