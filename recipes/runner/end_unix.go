//go:build unix

package runner

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// forwarded is the signals that Run takes for the group. One that this program
// was told to ignore (nohup) stays ignored, here and in the command.
func forwarded() []os.Signal {
	var list []os.Signal
	for _, s := range []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1,
		syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGTSTP,
	} {
		if !signal.Ignored(s) {
			list = append(list, s)
		}
	}
	return list
}

// ends says whether s asks a program to end.
func ends(s syscall.Signal) bool {
	switch s {
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT:
		return true
	}
	return false
}

// last is when the group is killed if the lease is not confirmed by then; zero
// is never.
func (r *run) last() time.Time {
	if r.lease == nil {
		return time.Time{}
	}
	end := r.lease.Deadline()
	if end.IsZero() {
		return end
	}
	return end.Add(-killMargin)
}

// act does what has become due.
func (r *run) act() {
	now := time.Now()
	if r.killed {
		r.signal(syscall.SIGKILL) // again: a process may have been made meanwhile
		return
	}
	if last := r.last(); !last.IsZero() && !now.Before(last) {
		r.lose(ErrUnconfirmed)
		r.kill()
		return
	}
	if !r.ending.IsZero() && !now.Before(r.killAt) {
		r.kill()
	}
}

// lose ends the group because what was held is lost.
func (r *run) lose(why error) {
	if r.lost == nil {
		if why == nil {
			why = errors.New("lost") // a lease that does not say why
		}
		r.lost = why
		r.tell("%v: stopping the command", why)
	}
	r.end(r.Grace)
}

// end tells the group to end, and sets the time to kill it. A group that was
// told so already may be given less time, never more.
func (r *run) end(grace time.Duration) {
	now := time.Now()
	killAt := now.Add(grace)
	if r.ending.IsZero() || killAt.Before(r.killAt) {
		r.killAt = killAt
	}
	if r.ending.IsZero() {
		r.ending = now
		r.signal(syscall.SIGTERM)
		r.signal(syscall.SIGCONT) // what is stopped would not see the other
	}
}

func (r *run) kill() {
	r.killed = true
	r.pause = 0
	r.signal(syscall.SIGKILL)
}

// forward passes a signal that reached this program on to the group. Whoever
// asks twice in the same way means it: that is the only way to end a command
// that ignores the first, short of killing this program.
func (r *run) forward(s syscall.Signal) {
	switch s {
	case syscall.SIGTSTP:
		r.tell("not stopped: whoever is stopped loses what it holds")
		return
	case syscall.SIGCONT:
		r.tty.give(r.group) // back in the foreground, perhaps
	case syscall.SIGTERM, syscall.SIGINT:
		if r.asked[s] {
			r.tell("second %v: killing the command", s)
			r.kill()
			return
		}
		if r.asked == nil {
			r.asked = make(map[syscall.Signal]bool)
		}
		r.asked[s] = true
	}
	r.signal(s)
	if ends(s) {
		r.signal(syscall.SIGCONT)
	}
}

// changed takes in that the first process has stopped or ended.
func (r *run) changed(status syscall.WaitStatus) {
	if !status.Stopped() {
		r.status, r.exited = status, true
		if !r.gone() {
			// Whoever waits for the command waits for a lock that these would keep.
			r.tell("the command has ended, but processes of its group (%d) have not; stopping them", r.group)
			r.end(r.Leftovers)
		}
		return
	}
	switch status.StopSignal() {
	case syscall.SIGTSTP:
		r.tell("continued: a stopped command would keep everybody else waiting")
		r.signal(syscall.SIGCONT)
	case syscall.SIGTTIN, syscall.SIGTTOU: // it wants the terminal
		if r.tty.give(r.group) {
			r.signal(syscall.SIGCONT)
		} else {
			r.tell("the command is stopped: it wants the terminal, and this program runs in the background")
		}
	} // anything else is someone's wish: SIGSTOP
}

// signal sends to the group. If that is gone there is nothing to say: gone will
// see it.
func (r *run) signal(s syscall.Signal) { _ = syscall.Kill(-r.group, s) }
