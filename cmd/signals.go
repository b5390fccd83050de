package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// signalled is the cause of a context that a signal has ended.
type signalled struct{ syscall.Signal }

func (s signalled) Error() string { return "ended by signal: " + s.Signal.String() }

// listen returns a context that the first interrupt, SIGTERM or SIGHUP ends;
// a second one then ends the program at once, as if nobody listened. While
// the session is deaf they are left to whoever made it so. A broken pipe is
// no signal for this program: the write that met it says so. stop waits for
// the goroutine that listens.
func (s *session) listen(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	received := make(chan os.Signal, 4)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) { // nohup has asked for that
		signal.Notify(received, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() { // ends when stop closes received
		defer close(done)
		for sig := range received {
			if sig == syscall.SIGPIPE || s.deaf.Load() > 0 {
				continue
			}
			signal.Reset(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			number, _ := sig.(syscall.Signal)
			cancel(signalled{number})
		}
	}()
	return ctx, func() {
		signal.Stop(received)
		close(received)
		<-done
		cancel(nil)
	}
}

// muffle leaves signals to someone else, a line editor or the child of a
// command, until the function that it returns is called.
func (a *App) muffle() (restore func()) {
	a.session.deaf.Add(1)
	return func() { a.session.deaf.Add(-1) }
}

// ended returns the number of the signal that ended a line whose error is
// err. An interrupt that a shell has turned into the end of a line's context
// has no cause of its own.
func ended(ctx context.Context, err error) (int, bool) {
	for _, e := range []error{context.Cause(ctx), err} {
		if s, ok := errors.AsType[signalled](e); ok {
			return int(s.Signal), true
		}
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return int(syscall.SIGINT), true
	}
	return 0, false
}
