//go:build linux || darwin

package shell

import (
	"os"
	"slices"
	"sync"

	"github.com/c-bata/go-prompt"
	"golang.org/x/sys/unix"
)

// terminal is go-prompt's ConsoleParser over a terminal. The library's own saves the
// terminal's settings behind a pointer through which it then changes them, so that it
// restores nothing.
type terminal struct {
	fd    int
	usual unix.Termios // as it was found
	wakeR *os.File     // a byte here ends the wait for a key
	wakeW *os.File

	mu       sync.Mutex
	keys     keys
	injected []string // keys that nobody has typed
	gone     bool     // the terminal was closed
	held     bool     // Tab has not been acted on, which may press a key
	resting  bool     // no key is read before the library starts anew
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	return err == nil
}

func openTerminal(f *os.File) (*terminal, error) {
	fd := int(f.Fd())
	usual, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	for _, f := range []*os.File{r, w} {
		_ = unix.SetNonblock(int(f.Fd()), true) // Fd has made it blocking; a full pipe wakes as well
	}
	return &terminal{fd: fd, usual: *usual, wakeR: r, wakeW: w}, nil
}

// close leaves the terminal as it was found.
func (t *terminal) close() {
	_ = t.TearDown() // it fails if the terminal is gone
	_ = t.wakeR.Close()
	_ = t.wakeW.Close()
}

// Setup makes the terminal hand over every key as it is pressed.
func (t *terminal) Setup() error {
	t.mu.Lock()
	t.resting, t.held = false, false
	t.mu.Unlock()
	raw := t.usual
	raw.Iflag &^= unix.BRKINT | unix.ICRNL | unix.IXON | unix.INLCR | unix.IGNCR | unix.ISTRIP
	raw.Lflag &^= unix.ECHO | unix.ICANON | unix.IEXTEN | unix.ISIG
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 0, 0
	_ = unix.IoctlSetTermios(t.fd, setTermios, &raw) // it fails if the terminal is gone, which Read notices
	return nil
}

// TearDown gives the terminal its usual settings. What was typed ahead stays.
func (t *terminal) TearDown() error {
	usual := t.usual
	_ = unix.IoctlSetTermios(t.fd, setTermios, &usual) // it fails if the terminal is gone
	return nil
}

// GetWinSize returns the size of the window, or a usual one.
func (t *terminal) GetWinSize() *prompt.WinSize {
	ws, err := unix.IoctlGetWinsize(t.fd, unix.TIOCGWINSZ)
	if err != nil || ws.Col == 0 || ws.Row == 0 {
		return &prompt.WinSize{Row: 24, Col: 80}
	}
	return &prompt.WinSize{Row: ws.Row, Col: ws.Col}
}

// readPause bounds the wait for a key, in milliseconds. go-prompt waits for the wait
// to end when it leaves the editor by a key other than Enter.
const readPause = 50

// Read returns the next key, or a zero byte if there is none yet.
func (t *terminal) Read() ([]byte, error) {
	if key, ok := t.ready(false); ok {
		return key, nil
	}
	fds := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}, {Fd: int32(t.wakeR.Fd()), Events: unix.POLLIN}}
	if _, err := unix.Poll(fds, readPause); err != nil {
		return []byte{0}, nil // a signal came; go-prompt asks again
	}
	b := make([]byte, 4096)
	if fds[1].Revents != 0 {
		_, _ = unix.Read(int(t.wakeR.Fd()), b) // what it says is in injected
	}
	n := 0
	if fds[0].Revents != 0 {
		var err error
		n, err = unix.Read(t.fd, b)
		n = max(n, 0)
		if n == 0 && (err != nil && err != unix.EAGAIN && err != unix.EINTR || fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0) {
			t.hangUp()
		}
	}
	t.mu.Lock()
	t.keys.add(b[:n])
	t.mu.Unlock()
	key, _ := t.ready(n == 0 && fds[1].Revents == 0)
	return key, nil
}

// ready returns a key that is there. After a key that ends the library's reading there
// is none, and no waiting either, until it reads again: it would lose what it has read
// ahead. late tells that the rest of a key would have come by now.
func (t *terminal) ready(late bool) ([]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.resting || t.held {
		return []byte{0}, true
	}
	var key []byte
	if len(t.injected) > 0 {
		key = []byte(t.injected[0])
		t.injected = t.injected[1:]
	} else {
		key = t.keys.next(late)
	}
	if key == nil {
		return []byte{0}, false
	}
	t.held = string(key) == "\t"
	t.resting = key[0] == '\r' || string(key) == leaveKey
	return key, true
}

// inject acts as if a key had been pressed. One that still waits is not repeated.
func (t *terminal) inject(key string) {
	t.mu.Lock()
	if !slices.Contains(t.injected, key) {
		t.injected = append(t.injected, key)
	}
	t.mu.Unlock()
	_, _ = t.wakeW.Write([]byte{1}) // a full pipe wakes as well
}

// release lets the keys that follow Tab be read.
func (t *terminal) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = false
}

func (t *terminal) hangUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone = true
	t.injected = []string{leaveKey}
}

func (t *terminal) isGone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone
}
