package localcluster

import (
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// process is a server that was started and has to be waited for.
type process struct {
	cmd     *exec.Cmd
	pid     int
	stdin   io.WriteCloser // its end tells the server that the supervisor is gone
	control *controller    // of a server that takes orders, else nil
	started time.Time
	done    chan struct{} // closed when the process has been reaped
	err     error         // how it ended; valid once done is closed
}

// starter starts processes from one operating-system thread that lives as long as
// the supervisor: on Linux a process started with a parent-death signal dies with
// the thread that started it.
type starter struct{ jobs chan func() }

func newStarter() *starter {
	s := &starter{jobs: make(chan func())}
	go func() { // ends with the program, and its thread with it
		runtime.LockOSThread()
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

// start runs cmd with its output appended to the file named log and input on its
// standard input, which then stays open. When the process has been reaped, ended is
// called, and only then is it gone for all others.
func (s *starter) start(cmd *exec.Cmd, input []byte, log string, ended func()) (*process, error) {
	out, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close() // the process has its own
	cmd.Stdout, cmd.Stderr = out, out
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	tether(cmd)
	started := make(chan error)
	s.jobs <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, pid: cmd.Process.Pid, stdin: stdin, started: time.Now(), done: make(chan struct{})}
	go func() { // ends with the process
		p.err = cmd.Wait()
		ended()
		close(p.done)
	}()
	if _, err := stdin.Write(input); err != nil {
		// It ended before it read: whoever waits for it learns how.
		return p, nil
	}
	return p, nil
}

// gone tells whether the process has ended.
func (p *process) gone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// pause suspends the process and returns when all of it stands still.
func (p *process) pause(ctx context.Context) error {
	if err := suspend(p.cmd.Process); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) { return p.gone() || isSuspended(p.pid), nil })
}

// kill ends the process at once and reaps it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails if it has ended
	<-p.done
}

// stop asks the process to end, and kills it if it has not by then.
func (p *process) stop(patience time.Duration) {
	_ = terminate(p.cmd.Process) // fails if it has ended
	_ = proceed(p.cmd.Process)   // a suspended one gets the signal no earlier
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-p.done:
	case <-t.C:
		p.kill()
	}
}
