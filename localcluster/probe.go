package localcluster

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/zooctl/zooctl/ops"
)

// answer is what a server says to the word srvr.
type answer struct {
	version string
	zxid    string
	mode    string // "" if it does not serve
}

// The pauses between two questions to a server that is not ready.
const (
	firstPause = 2 * time.Millisecond
	lastPause  = 50 * time.Millisecond
)

// wordPatience bounds a four-letter word.
const wordPatience = time.Second

// wordLimit bounds its answer, in bytes.
const wordLimit = 64 << 10

// ask sends the word srvr to a server.
func ask(ctx context.Context, addr string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, wordPatience)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return answer{}, err
	}
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	defer stop()
	if _, err := io.WriteString(nc, "srvr"); err != nil {
		return answer{}, err
	}
	var a answer
	sc := bufio.NewScanner(io.LimitReader(nc, wordLimit))
	for sc.Scan() {
		key, value, _ := strings.Cut(sc.Text(), ": ")
		switch key {
		case "Zookeeper version":
			a.version, _, _ = strings.Cut(value, ",")
		case "Zxid":
			a.zxid = value
		case "Mode":
			a.mode = value
		}
	}
	return a, sc.Err()
}

// until calls f, with growing pauses, until it returns true or an error.
func until(ctx context.Context, f func() (bool, error)) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		ok, err := f()
		if ok || err != nil {
			return err
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}

// errNotReady is the last thing known of a server that was not ready in time.
var errNotReady = errors.New("it is not ready")

// commits proves that the servers at addrs work together: a write through the first
// is read on each of the others.
func commits(ctx context.Context, addrs []string) error {
	conns := make([]*ops.Conn, len(addrs))
	errs := make([]error, len(addrs))
	var wg sync.WaitGroup
	for i, a := range addrs {
		wg.Go(func() { conns[i], errs[i] = ops.Dial(ctx, ops.Config{Servers: []string{a}}) })
	}
	wg.Wait()
	defer func() {
		for _, c := range conns {
			if c != nil {
				wg.Go(func() { _ = c.Close() }) // its znode goes with the session in any case
			}
		}
		wg.Wait()
	}()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	// Under /zookeeper it disturbs nobody who watches the root.
	path := "/zookeeper/zooctl-ready-" + rand.Text()
	if _, err := conns[0].Create(ctx, path, nil, ops.CreateOptions{Ephemeral: true}); err != nil {
		return err
	}
	for i, c := range conns[1:] {
		wg.Go(func() {
			if errs[i] = c.Sync(ctx, path); errs[i] == nil {
				_, errs[i] = c.Stat(ctx, path)
			}
			if errs[i] != nil {
				errs[i] = fmt.Errorf("%s: %w", addrs[i+1], errs[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
