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
	// word begins. It may take its time, and is called while a line is typed.
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

// lines reads In line by line. A read cannot be interrupted; it is left behind when
// ctx ends, and its goroutine ends with the input or the program.
func (s *Shell) lines(ctx context.Context) func(yield func(string, error) bool) {
	type read struct {
		line string
		err  error
	}
	return func(yield func(string, error) bool) {
		lines, done := make(chan read), make(chan struct{})
		defer close(done)
		go func() {
			defer close(lines)
			sc := bufio.NewScanner(s.In)
			sc.Buffer(nil, maxLine)
			next := func(r read) bool {
				select {
				case lines <- r:
					return true
				case <-done:
					return false
				}
			}
			for sc.Scan() {
				if !next(read{line: sc.Text()}) {
					return
				}
			}
			if err := sc.Err(); errors.Is(err, bufio.ErrTooLong) {
				next(read{err: fmt.Errorf("a line has more than %d bytes", maxLine)})
			} else if err != nil {
				next(read{err: err})
			}
		}()
		for {
			select {
			case r, ok := <-lines:
				if !ok || !yield(r.line, r.err) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
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
