//go:build unix

package runner

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	firstLook = 200 * time.Microsecond // between looks whether the group is gone, which nothing announces
	lastLook  = 20 * time.Millisecond
	// killMargin is how long before the deadline of a lease the group is killed:
	// SIGKILL takes effect when the kernel next runs each process.
	killMargin = 100 * time.Millisecond
)

// Supported says whether Run can run anything here.
func Supported() bool { return true }

// Run runs c for as long as lease is held and returns when its whole process
// group is gone. A nil lease is never lost.
//
// The error is ErrNotFound, ErrCannotRun, ErrNoLease or a *SignalError if the
// command was not started; the cause of ctx if the end of ctx ended the group,
// as a loss would have; and nil otherwise, whatever the command's own exit code
// is.
func Run(ctx context.Context, c Command, lease Lease) (Outcome, error) {
	path, err := c.find()
	if err != nil {
		return Outcome{}, err
	}
	c.Grace = cmp.Or(c.Grace, DefaultGrace)
	c.Leftovers = cmp.Or(c.Leftovers, DefaultLeftovers)
	r := &run{Command: c, lease: lease}
	stop := r.listen()
	defer stop()
	if err := r.mayStart(ctx); err != nil {
		return Outcome{}, err
	}
	release := adoptOrphans()
	defer release()
	r.tty = openTerminal()
	defer r.tty.close()
	err = r.start(path)
	defer func() { r.tty.takeBack(r.group) }()
	if err != nil {
		return Outcome{}, err
	}
	r.watch(ctx)
	r.pipes.finish()
	return r.outcome(), r.ended
}

// run is one command under way. All of it belongs to the goroutine of Run.
type run struct {
	Command
	lease   Lease
	signals chan os.Signal
	tty     *terminal
	pipes   pipes

	group   int                     // process id of the first process and of its group
	changes chan syscall.WaitStatus // of the first process; its last one says that it ended

	status syscall.WaitStatus
	exited bool      // the first process is gone
	ending time.Time // when the group was told to end; zero while it may run
	killAt time.Time // when it is killed, once told to end
	killed bool
	lost   error // why the lease is over
	ended  error // the cause of a context that ended the group
	asked  map[syscall.Signal]bool
	pause  time.Duration // until the next look at the group
}

// listen starts to take the signals that are meant for the group.
func (r *run) listen() (stop func()) {
	r.signals = make(chan os.Signal, 16)
	signal.Notify(r.signals, forwarded()...)
	restore := func() {}
	if r.Muffle != nil {
		restore = r.Muffle()
	}
	return func() {
		restore()
		signal.Stop(r.signals)
	}
}

// mayStart refuses to start under a lease that may end before the command can
// be ended, and after somebody asked for the end.
func (r *run) mayStart(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for waiting := true; waiting; {
		select {
		case s := <-r.signals:
			if n, ok := s.(syscall.Signal); ok && ends(n) {
				return &SignalError{n}
			}
		default:
			waiting = false
		}
	}
	if r.lease == nil {
		return nil
	}
	select {
	case <-r.lease.Lost():
		return fmt.Errorf("%w: %w", ErrNoLease, r.lease.Err())
	default:
	}
	if last := r.last(); !last.IsZero() && !time.Now().Before(last) {
		return fmt.Errorf("%w: %w", ErrNoLease, ErrUnconfirmed)
	}
	return nil
}

// watch returns when the group is gone.
func (r *run) watch(ctx context.Context) {
	done := ctx.Done()
	var lost <-chan struct{}
	if r.lease != nil {
		lost = r.lease.Lost()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !r.gone() {
		timer.Reset(r.next())
		select {
		case status := <-r.changes:
			r.changed(status)
		case s := <-r.signals:
			if n, ok := s.(syscall.Signal); ok {
				r.forward(n)
			}
		case <-lost:
			lost = nil
			r.lose(r.lease.Err())
		case <-done:
			done = nil
			r.ended = context.Cause(ctx)
			r.end(r.Grace)
		case <-timer.C:
		}
		r.act()
	}
}

// gone says whether nothing of the group is left. The dead are reaped first,
// those that are this program's children and of this group: nobody else's.
func (r *run) gone() bool {
	if !r.exited {
		return false // the goroutine that reports waits for the group
	}
	for {
		pid, err := syscall.Wait4(-r.group, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR || pid > 0 {
			continue
		}
		return syscall.Kill(-r.group, 0) == syscall.ESRCH
	}
}

// next is how long nothing has to be done.
func (r *run) next() time.Duration {
	wait := time.Hour
	until := func(t time.Time) {
		if !t.IsZero() {
			wait = min(wait, max(time.Until(t), 0))
		}
	}
	if !r.killed {
		until(r.last())
		until(r.killAt)
	}
	if r.exited || r.killed {
		r.pause = min(max(2*r.pause, firstLook), lastLook)
		wait = min(wait, r.pause)
	}
	return wait
}

func (r *run) outcome() Outcome {
	o := Outcome{Code: r.status.ExitStatus(), Lost: r.lost != nil, LostErr: r.lost}
	if r.status.Signaled() {
		o.Signal = r.status.Signal()
		o.Code = 128 + int(o.Signal)
	}
	return o
}

func (r *run) tell(format string, args ...any) {
	if r.Tell != nil {
		r.Tell(fmt.Sprintf(format, args...))
	}
}
