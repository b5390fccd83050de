package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Suggestion is a way in which the word that is being typed may go on.
type Suggestion struct {
	Text        string // the whole word, unquoted
	Description string // a few words about it, or ""
	Open        bool   // more of the word may follow, as below a directory: no blank is put behind it
}

// Shell is a source of lines and what to do with them. Run is all that it must have
// besides In, Out and Err.
type Shell struct {
	In       io.Reader // a terminal for Interactive
	Out, Err io.Writer
	Prompt   func() string // shown before each line on a terminal
	History  string        // the file that keeps what was typed, from one shell to the next; "" for none

	// Run runs the words of a line and returns its status. It has told the user
	// of a failure.
	Run func(ctx context.Context, words []string) int
	// Complete returns how the last of the words may go on; it is "" where a new
	// word begins. It may take its time, and is called while a line is typed, never
	// twice at once, and not while Run runs. It must return when its context ends.
	Complete func(ctx context.Context, words []string) []Suggestion
	// Fail tells of a line that cannot be read, or of the end of the context, and
	// returns the status.
	Fail func(err error) int
	// Leave tells whether the line that ran has ended the shell, and with what
	// status.
	Leave func() (status int, ok bool)
	// Muffle makes whoever acts on signals leave them to Interactive until the
	// function that it returns is called.
	Muffle func() (restore func())
	// Busy tells that signals are the business of the command that runs.
	Busy func() bool

	typed *history
}

// maxLine bounds a line, in bytes: a value of a megabyte, all of it quoted.
const maxLine = 4 << 20

// failure is the status of a line that cannot be read, where Fail is not set.
const failure = 64

// Eval runs one line. A line without words does nothing, well.
func (s *Shell) Eval(ctx context.Context, line string) int {
	words, err := Split(line)
	if err != nil {
		return s.fail(err)
	}
	if len(words) == 0 {
		return 0
	}
	return s.Run(ctx, words)
}

// Lines runs the lines of In until they end, one fails, one leaves the shell, or ctx
// ends. It returns the status of the last.
func (s *Shell) Lines(ctx context.Context) int {
	for line, err := range s.lines(ctx) {
		if err != nil {
			return s.fail(err)
		}
		status := s.Eval(ctx, line)
		if left, ok := s.left(); ok {
			return left
		}
		if status != 0 || ctx.Err() != nil {
			return status
		}
	}
	if ctx.Err() != nil {
		return s.fail(context.Cause(ctx))
	}
	return 0
}

// read is what came of reading a line.
type read struct {
	line string
	err  error
}

// lines reads In line by line, each when it is wanted: what follows on a terminal is
// the business of the command that runs. A read cannot be interrupted; it is left
// behind when ctx ends, and its goroutine ends with the input or the program.
func (s *Shell) lines(ctx context.Context) func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		wanted, lines := make(chan struct{}), make(chan read, 1)
		defer close(wanted)
		go s.scan(wanted, lines)
		for ctx.Err() == nil {
			select {
			case wanted <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case r, ok := <-lines:
				if !ok || !yield(r.line, r.err) || r.err != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// scan reads a line whenever one is wanted, until there is none.
func (s *Shell) scan(wanted <-chan struct{}, lines chan<- read) {
	defer close(lines)
	sc := bufio.NewScanner(s.In)
	sc.Buffer(nil, maxLine+2) // and the end of the line
	for range wanted {
		if sc.Scan() && len(sc.Bytes()) <= maxLine {
			lines <- read{line: sc.Text()} // there is room for one
			continue
		}
		switch err := sc.Err(); {
		case errors.Is(err, bufio.ErrTooLong), len(sc.Bytes()) > maxLine:
			lines <- read{err: fmt.Errorf("a line has more than %d bytes", maxLine)}
		case err != nil:
			lines <- read{err: err}
		}
		return
	}
}

// plain reads lines from a terminal that cannot be edited on. A failure does not end
// it.
func (s *Shell) plain(ctx context.Context) int {
	s.show()
	for line, err := range s.lines(ctx) {
		if err != nil {
			return s.fail(err)
		}
		s.typed.add(line)
		s.Eval(ctx, line)
		if status, ok := s.left(); ok {
			return status
		}
		s.show()
	}
	if ctx.Err() != nil {
		return s.fail(context.Cause(ctx))
	}
	fmt.Fprintln(s.Out)
	return 0
}

func (s *Shell) show() {
	if s.Prompt != nil {
		fmt.Fprint(s.Out, s.Prompt())
	}
}

func (s *Shell) fail(err error) int {
	if s.Fail == nil {
		fmt.Fprintln(s.Err, strings.TrimSpace(err.Error()))
		return failure
	}
	return s.Fail(err)
}

func (s *Shell) left() (int, bool) {
	if s.Leave == nil {
		return 0, false
	}
	return s.Leave()
}

// Typed returns the lines of the history, oldest first.
func (s *Shell) Typed() []string {
	if s.typed == nil {
		return nil
	}
	return s.typed.lines
}
