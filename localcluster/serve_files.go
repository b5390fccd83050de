package localcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// dataName is the folder in dataDir that is this server's, beside what Apache
// ZooKeeper keeps there.
const dataName = "zooctl"

// serveWait is how long a server waits for one that was told to stop a moment ago.
const serveWait = 2 * time.Second

// smallFile bounds the files of a configuration, in bytes.
const smallFile = 1 << 20

// readSmall reads a file of a configuration.
func readSmall(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, smallFile+1))
	if err == nil && len(b) > smallFile {
		err = fmt.Errorf("%s has more than %d bytes", name, smallFile)
	}
	return string(b), err
}

// fileError tells a file that is not there from one that cannot be read.
func fileError(err error) error {
	if bad, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNoFile, bad.Path)
	}
	return fmt.Errorf("%w: %w", ErrConfig, err)
}

func joined(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// listenError puts what the system says of an address into few words.
func listenError(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: %s", ErrPortInUse, addr)
	}
	if bad, ok := errors.AsType[*net.OpError](err); ok {
		err = bad.Err
	}
	return fmt.Errorf("%w: cannot listen on %s: %w", ErrConfig, addr, err)
}

// holdData makes the directories for data and log, and takes their locks. A directory that Apache
// ZooKeeper has written to is left alone: its data would seem to be gone.
func (s *serving) holdData() error {
	for _, dir := range []string{s.zoo.DataDir, s.zoo.LogDir} {
		if name := apacheData(dir); name != "" {
			return fmt.Errorf("%w: %s is data of Apache ZooKeeper, which this server does not read; another dataDir starts an empty ensemble", ErrData, name)
		}
	}
	for _, dir := range []string{s.cfg.DataDir, s.cfg.LogDir} {
		if dir == "" {
			continue
		}
		lock, err := holdData(dir, serveWait)
		switch {
		case errors.Is(err, ErrInUse):
			return err
		case err != nil:
			return fmt.Errorf("%w: %w", ErrData, err)
		}
		s.locks = append(s.locks, lock)
	}
	return nil
}

// apacheData returns the first file with data of Apache ZooKeeper in dir, or "".
func apacheData(dir string) string {
	if dir == "" {
		return ""
	}
	entries, _ := os.ReadDir(filepath.Join(dir, "version-2")) // what is not there has no data
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "snapshot.") || strings.HasPrefix(e.Name(), "log.") {
			return filepath.Join(dir, "version-2", e.Name())
		}
	}
	return ""
}

// secret gives an ensemble's server what the servers prove to each other to know.
// Apache ZooKeeper has nothing of the kind. zooctl.secretFile names the file with it.
// Without one, every server must be on the loopback address, and the secret is the
// user's own, made when it is first needed: the servers that one user starts on one
// machine find each other, and nobody else's can join them.
func (s *serving) secret(ctx context.Context) error {
	if len(s.zoo.Members) == 0 {
		return nil
	}
	if name := s.zoo.SecretFile; name != "" {
		text, err := readSmall(name)
		if err != nil {
			return fileError(err)
		}
		if text = strings.TrimSpace(text); len(text) < minSecret {
			return fmt.Errorf("%w: %s has fewer than %d characters", ErrConfig, name, minSecret)
		}
		if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
			s.logf("%s can be read by others than its owner: chmod 600 keeps it secret", name)
		}
		s.cfg.Secret = []byte(text)
		return nil
	}
	for _, m := range s.zoo.Members {
		if s.zoo.ListenAll || !isLoopback(ctx, m.Host) {
			return fmt.Errorf("%w: server.%d is at %s, and servers that others can reach must prove that they belong together: "+
				"zooctl.secretFile=FILE names a file with the same %d characters or more on all of them", ErrConfig, m.ID, m.Host, minSecret)
		}
	}
	var err error
	s.cfg.Secret, err = userSecret()
	return err
}

// minSecret is how long a secret that someone chose must be, in bytes.
const minSecret = 16

// isLoopback tells whether a host is this machine, and nothing else.
func isLoopback(ctx context.Context, host string) bool {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for _, a := range addrs {
		if !a.Unmap().IsLoopback() {
			return false
		}
	}
	return err == nil && len(addrs) > 0
}

// userSecret returns the secret that servers of this user have in common.
func userSecret() ([]byte, error) {
	clusters, err := root()
	if err != nil {
		return nil, err
	}
	name := filepath.Join(filepath.Dir(clusters), "server.secret")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	for {
		text, err := readSmall(name)
		if err == nil && len(text) >= minSecret {
			return []byte(text), nil
		}
		if err == nil {
			return nil, fmt.Errorf("%w: %s is too short to be the secret that it should be; remove it while no server runs", ErrConfig, name)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := newSecret(name); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
}

// newSecret writes a secret that nobody has seen before. It is there whole or not at
// all, and of several who try at once one succeeds.
func newSecret(name string) error {
	f, err := os.CreateTemp(filepath.Dir(name), "secret-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // its content has another name by then
	_, err = f.WriteString(rand.Text() + rand.Text())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), name)
}
