//go:build unix

package runner

import (
	"io"
	"os"
	"reflect"
	"sync"
	"time"
)

// lastWords is how long the pipes are read after the group is gone. A process
// that has left the group may hold one open for ever; nobody waits for it.
const lastWords = time.Second

// pipes carry input and output of the command where they are not files.
type pipes struct {
	theirs []*os.File // ends of the command, and files opened for it alone
	ours   []*os.File // ends that are read here
	input  *os.File   // the end that is written here, or nil
	source io.Reader  // what is written to it
	copies []func()   // started with the command
	wg     sync.WaitGroup
}

// files returns stdin, stdout and stderr of the command.
func (p *pipes) files(stdin io.Reader, stdout, stderr io.Writer) ([]*os.File, error) {
	in, err := p.reader(stdin)
	if err != nil {
		return nil, err
	}
	out, err := p.writer(stdout)
	if err != nil {
		return nil, err
	}
	if same(stdout, stderr) {
		return []*os.File{in, out, out}, nil
	}
	errs, err := p.writer(stderr)
	if err != nil {
		return nil, err
	}
	return []*os.File{in, out, errs}, nil
}

// same says whether two writers are one. Some cannot be compared.
func same(a, b io.Writer) bool {
	return a == nil && b == nil || a != nil && b != nil && reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() && a == b
}

// null opens the empty file for the command.
func (p *pipes) null(flag int) (*os.File, error) {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err == nil {
		p.theirs = append(p.theirs, f)
	}
	return f, err
}

func (p *pipes) reader(r io.Reader) (*os.File, error) {
	if f, ok := r.(*os.File); ok && f != nil {
		return f, nil
	}
	if r == nil {
		return p.null(os.O_RDONLY)
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.theirs = append(p.theirs, theirs)
	p.input, p.source = ours, r
	return theirs, nil
}

func (p *pipes) writer(w io.Writer) (*os.File, error) {
	if f, ok := w.(*os.File); ok && f != nil {
		return f, nil
	}
	if w == nil {
		return p.null(os.O_WRONLY)
	}
	ours, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.theirs = append(p.theirs, theirs)
	p.ours = append(p.ours, ours)
	// A writer that fails must not stop the command in its own write.
	p.copies = append(p.copies, func() {
		if _, err := io.Copy(w, ours); err != nil {
			_, _ = io.Copy(io.Discard, ours)
		}
	})
	return theirs, nil
}

// started closes what only the command needs, and starts to copy.
func (p *pipes) started() {
	for _, f := range p.theirs {
		_ = f.Close() // nothing was written here
	}
	for _, f := range p.copies {
		p.wg.Go(f) // ends with the last writer, or by finish
	}
	if p.input != nil {
		input, source := p.input, p.source
		go func() { // ends with the source or the command: see Command.Stdin
			_, _ = io.Copy(input, source) // a command may stop reading
			_ = input.Close()
		}()
	}
}

// finish reads what the group has left in the pipes.
func (p *pipes) finish() {
	if p.input != nil {
		_ = p.input.SetWriteDeadline(time.Now())
	}
	for _, f := range p.ours {
		_ = f.SetReadDeadline(time.Now().Add(lastWords))
	}
	p.wg.Wait()
	for _, f := range p.ours {
		_ = f.Close()
	}
}

// abandon closes everything after a start that failed.
func (p *pipes) abandon() {
	for _, f := range append(p.theirs, p.ours...) {
		_ = f.Close()
	}
	if p.input != nil {
		_ = p.input.Close()
	}
}
