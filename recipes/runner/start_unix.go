//go:build unix

package runner

import (
	"os"
	"runtime"
	"syscall"
)

// start starts the command in a group of its own. The goroutine that forks
// stays on its thread until the command has ended, because Linux sends the
// parent-death signal when the thread that forked ends, not the process
// (golang.org/issue/27505). It ends with the command: Run reads its changes
// to the last.
func (r *run) start(path string) error {
	files, err := r.pipes.files(r.Stdin, r.Stdout, r.Stderr)
	if err != nil {
		r.pipes.abandon()
		return startError(r.Argv[0], err)
	}
	attr := &os.ProcAttr{Dir: r.Dir, Env: r.Env, Files: files, Sys: &syscall.SysProcAttr{Setpgid: true}}
	dieWithParent(attr.Sys)
	r.tty.foreground(attr.Sys, r.Stdin, r.Stdout)

	r.changes = make(chan syscall.WaitStatus)
	type started struct {
		pid int
		err error
	}
	begun := make(chan started, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		p, err := os.StartProcess(path, r.Argv, attr)
		if err != nil {
			begun <- started{err: err}
			return
		}
		begun <- started{pid: p.Pid}
		report(p.Pid, r.changes)
		_ = p.Release() // it is reaped: there is nothing left to release but the handle
	}()
	s := <-begun
	if s.err != nil {
		r.pipes.abandon()
		return startError(r.Argv[0], s.err)
	}
	r.group = s.pid
	r.pipes.started()
	return nil
}

// report sends the changes of process pid until it has ended. os.Process.Wait
// would not tell of a process that has stopped. It waits for the whole group of
// pid, so that orphans that fell to this program are reaped while the command
// runs; what remains after the command's end is left to Run.
func report(pid int, changes chan<- syscall.WaitStatus) {
	whom := -pid
	for {
		var status syscall.WaitStatus
		who, err := syscall.Wait4(whom, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil && whom != pid:
			whom = pid // it has left its group
			continue
		case err != nil: // somebody else has reaped it: its status is unknown
			status = syscall.WaitStatus(0xff << 8)
		case who != pid:
			continue
		}
		changes <- status
		if !status.Stopped() {
			return
		}
	}
}
