//go:build linux || darwin

package shell

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Interactive reads lines from a terminal, In, and runs them until the user has
// enough, the terminal is gone, ctx ends, or SIGTERM or SIGHUP come; the latter are
// told by the status, 128 and the number of the signal. A line that fails does not
// end it. Lines are edited if Out is the standard output, which is all that the
// library writes to, and the terminal can do it; else they are read as they come.
func (s *Shell) Interactive(ctx context.Context) int {
	s.typed = openHistory(s.History)
	term, ok := s.editable()
	if !ok {
		return s.plain(ctx)
	}
	defer term.close()
	if s.Muffle != nil {
		defer s.Muffle()()
	}
	e := newEditor(ctx, s, term)
	defer e.completer.close()
	defer e.listen(ctx)()
	return e.loop(ctx)
}

// editable opens the terminal, unless lines cannot be edited on it.
func (s *Shell) editable() (*terminal, bool) {
	in, reads := s.In.(*os.File)
	out, writes := s.Out.(*os.File)
	if !reads || !writes || out.Fd() != os.Stdout.Fd() || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return nil, false
	}
	// The library opens the controlling terminal, and panics where there is none.
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return nil, false
	}
	_ = tty.Close() // it was only tried
	if !isTerminal(out) {
		return nil, false
	}
	term, err := openTerminal(in)
	if err != nil {
		return nil, false
	}
	if term.GetWinSize().Row < leastRows {
		term.close()
		return nil, false
	}
	return term, true
}

// loop runs a line after the other.
func (e *editor) loop(ctx context.Context) int {
	for {
		line, more := e.read()
		if !more {
			return e.end()
		}
		e.typed.add(line)
		e.completer.forget()
		e.run(ctx, line)
		if status, ok := e.left(); ok {
			return status
		}
		if status := e.end(); status != 0 {
			return status
		}
	}
}

// run runs a line, which an interrupt can end. Nothing is being completed meanwhile.
func (e *editor) run(ctx context.Context, line string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.mu.Lock()
	e.cancel = cancel
	if e.status != 0 { // a signal came after the line
		cancel()
	}
	e.mu.Unlock()
	if e.completer.rest(ctx) {
		e.Eval(ctx, line)
	}
	e.mu.Lock()
	e.cancel = nil
	e.mu.Unlock()
}

// end is the status that the shell is to end with, 0 for none.
func (e *editor) end() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.status == 0 && e.term.isGone() {
		return 128 + int(syscall.SIGHUP)
	}
	return e.status
}

// listen acts on signals until the function that it returns has been called.
func (e *editor) listen(ctx context.Context) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGWINCH)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case sig := <-signals:
				e.act(sig)
			case <-ctx.Done():
				e.act(syscall.SIGTERM)
				<-done
				return
			case <-done:
				return
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(done)
		wg.Wait()
	}
}

func (e *editor) act(sig os.Signal) {
	number, _ := sig.(syscall.Signal) // they all are
	e.mu.Lock()
	cancel := e.cancel
	busy := cancel != nil && e.Busy != nil && e.Busy()
	if number == syscall.SIGTERM || number == syscall.SIGHUP {
		e.status = 128 + int(number)
	}
	e.mu.Unlock()
	switch {
	case cancel != nil && number != syscall.SIGWINCH && !busy:
		cancel()
	case cancel == nil && number == syscall.SIGINT:
		e.term.inject(string(rune(keyInterrupt)))
	case cancel == nil:
		e.term.inject(leaveKey)
	}
}
