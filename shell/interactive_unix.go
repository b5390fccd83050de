//go:build linux || darwin

package shell

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/c-bata/go-prompt"
)

// leastRows is the height under which suggestions have no room.
const leastRows = 6

// mostSuggestions are shown at once.
const mostSuggestions = 8

// editor is one Interactive.
type editor struct {
	*Shell
	term      *terminal
	completer *completer

	mu      sync.Mutex
	cancel  context.CancelFunc // of the line that runs, or nil
	status  int                // the shell is to end with this, if not 0
	resized bool               // the line is to be drawn anew
	text    string             // of the line that is typed
}

// Interactive reads lines from a terminal, In, and runs them until the user has
// enough, the terminal is gone, ctx ends, or SIGTERM or SIGHUP come; the latter are
// told by the status, 128 and the number of the signal. A line that fails does not
// end it.
func (s *Shell) Interactive(ctx context.Context) int {
	s.typed = openHistory(s.History)
	in, ok := s.In.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return s.plain(ctx)
	}
	term, err := openTerminal(in)
	if err != nil || term.GetWinSize().Row < leastRows {
		return s.plain(ctx)
	}
	defer term.close()
	if s.Muffle != nil {
		defer s.Muffle()()
	}
	e := &editor{Shell: s, term: term}
	e.completer = newCompleter(ctx, s.Complete, e.wake)
	defer e.completer.close()
	defer e.listen(ctx)()
	return e.loop(ctx)
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
		if status := e.end(); status != 0 || ctx.Err() != nil {
			return status
		}
	}
}

// read lets the user edit a line. There is none at the end of the input, and when the
// shell is to end.
func (e *editor) read() (line string, more bool) {
	initial := ""
	for {
		line := e.input(initial)
		e.mu.Lock()
		resized, text := e.resized, e.text
		e.resized = false
		e.mu.Unlock()
		switch {
		case e.end() != 0 || e.term.isGone():
			return "", false
		case resized:
			initial = text
			continue
		case line == "" && e.term.ended():
			return "", false
		}
		return line, true
	}
}

// input is one run of the library's editor. It is made anew for each line, so that it
// listens to no signal while a command runs, and never exits the program.
func (e *editor) input(initial string) string {
	options := []prompt.Option{
		prompt.OptionParser(e.term),
		prompt.OptionHistory(e.typed.lines),
		prompt.OptionInitialBufferText(initial),
		prompt.OptionMaxSuggestion(min(mostSuggestions, e.term.GetWinSize().Row-3)),
		prompt.OptionPrefixTextColor(prompt.DefaultColor),
		prompt.OptionSetExitCheckerOnInput(func(text string, _ bool) bool { return e.leaves(text) }),
	}
	if e.Prompt != nil {
		options = append(options, prompt.OptionPrefix(e.Prompt()))
	}
	if os.Getenv("NO_COLOR") != "" {
		options = append(options, colourless()...)
	}
	return prompt.New(func(string) {}, e.completer.suggest, options...).Input()
}

// colourless are the options for users who want no colour.
func colourless() []prompt.Option {
	var all []prompt.Option
	for _, set := range []func(prompt.Color) prompt.Option{
		prompt.OptionSuggestionTextColor, prompt.OptionSuggestionBGColor, prompt.OptionDescriptionTextColor, prompt.OptionDescriptionBGColor,
		prompt.OptionSelectedDescriptionTextColor, prompt.OptionSelectedDescriptionBGColor, prompt.OptionSelectedSuggestionTextColor,
		prompt.OptionSelectedSuggestionBGColor, prompt.OptionPreviewSuggestionTextColor, prompt.OptionScrollbarBGColor, prompt.OptionScrollbarThumbColor,
	} {
		all = append(all, set(prompt.DefaultColor))
	}
	return all
}

// leaves is asked after each key: is the editor to return without a line?
func (e *editor) leaves(text string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text = text
	return e.status != 0 || e.resized || e.term.isGone()
}

// run runs a line, which an interrupt can end.
func (e *editor) run(ctx context.Context, line string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.mu.Lock()
	e.cancel = cancel
	e.mu.Unlock()
	e.Eval(ctx, line)
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

// wake has the editor draw again, unless that would choose a suggestion.
func (e *editor) wake() {
	if !e.term.selecting() {
		e.term.inject(wakeKey)
	}
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
	e.mu.Lock()
	cancel := e.cancel
	busy := cancel != nil && e.Busy != nil && e.Busy()
	number, _ := sig.(syscall.Signal) // they all are
	switch number {
	case syscall.SIGWINCH:
		e.resized = cancel == nil
	case syscall.SIGTERM, syscall.SIGHUP:
		e.status = 128 + int(number)
	}
	e.mu.Unlock()
	switch {
	case cancel != nil && number != syscall.SIGWINCH && !busy:
		cancel()
	case cancel == nil && number == syscall.SIGINT:
		e.term.inject(string(rune(keyInterrupt)))
	case cancel == nil:
		e.term.inject(wakeKey)
	}
}
