package localcluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// stateFormat is the version of cluster.json.
const stateFormat = 1

// state is what is kept of a cluster on disk.
type state struct {
	Format int    `json:"format"`
	Name   string `json:"name"`
	Engine string `json:"engine"`
	Size   int    `json:"size"`
	Dist   string `json:"dist,omitempty"`
	Ports  []int  `json:"ports"` // of the clients
}

// root is where the clusters of this user are.
func root() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("no place for the state of clusters: %w", err)
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "zooctl", "clusters"), nil
}

func dirOf(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	r, err := root()
	return filepath.Join(r, name), err
}

func stateFile(dir string) string { return filepath.Join(dir, "cluster.json") }
func lockFile(dir string) string  { return filepath.Join(dir, "lock") }
func nodeDir(dir string, id int) string {
	return filepath.Join(dir, "nodes", fmt.Sprint(id))
}
func logFile(dir string, id int) string { return filepath.Join(nodeDir(dir, id), "log") }

// socketLimit is the longest path of a Unix socket on every system: 104 bytes on
// macOS, its end included.
const socketLimit = 100

// socketFile is where a cluster's supervisor listens: in its directory, or in a
// short place if that path is too long.
func socketFile(dir string) string {
	if p := filepath.Join(dir, "control"); len(p) <= socketLimit {
		return p
	}
	base := os.Getenv("XDG_RUNTIME_DIR")
	if base == "" || len(base) > 40 {
		base = fmt.Sprintf("/tmp/zooctl-%d", os.Getuid())
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(base, "zooctl-"+hex.EncodeToString(sum[:8]))
}

// readState reads the state of the cluster in dir. A cluster that is not there is
// ErrNoCluster, one that makes no sense a StateError.
func readState(dir string) (*state, error) {
	file := stateFile(dir)
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNoCluster
	}
	if err != nil {
		return nil, &StateError{file, err}
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, &StateError{file, fmt.Errorf("it is corrupt: %w", err)}
	}
	switch {
	case s.Format != stateFormat:
		return nil, &StateError{file, fmt.Errorf("its format is %d, this program reads %d", s.Format, stateFormat)}
	case s.Size < 1 || s.Size > maxSize || len(s.Ports) != s.Size || checkName(s.Name) != nil:
		return nil, &StateError{file, errors.New("it is corrupt: its values make no sense")}
	}
	if _, err := engineOf(s.Engine); err != nil {
		return nil, &StateError{file, err}
	}
	return &s, nil
}

// write puts the state on disk whole or not at all.
func (s *state) write(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(stateFile(dir), append(b, '\n'))
}

func writeWhole(file string, b []byte) error {
	tmp := file + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

// match tells how an existing cluster differs from what is asked for now.
func (s *state) match(spec Spec) error {
	switch {
	case spec.Size != 0 && spec.Size != s.Size:
		return fmt.Errorf("%w: cluster %s exists with %d servers, not %d; 'zooctl cluster down %s' removes it", ErrBadSpec, s.Name, s.Size, spec.Size, s.Name)
	case spec.Engine != "" && spec.Engine != s.Engine:
		return fmt.Errorf("%w: cluster %s exists with engine %s, not %s; 'zooctl cluster down %s' removes it", ErrBadSpec, s.Name, s.Engine, spec.Engine, s.Name)
	case spec.Ports != nil && !slices.Equal(spec.Ports, s.Ports):
		return fmt.Errorf("%w: cluster %s exists on ports %v, not %v; 'zooctl cluster down %s' removes it", ErrBadSpec, s.Name, s.Ports, spec.Ports, s.Name)
	}
	return nil
}

// names returns the clusters that have a directory.
func names() ([]string, error) {
	r, err := root()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(r)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var all []string
	for _, e := range entries {
		if e.IsDir() && checkName(e.Name()) == nil {
			all = append(all, e.Name())
		}
	}
	return all, err
}
