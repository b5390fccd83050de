package localcluster

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// tether has the kernel kill a server when the supervisor ends in whatever way, also
// one that is stopped and cannot notice the end of its input. It counts for the
// thread that starts the server, see [starter].
func tether(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// isSuspended tells whether a child of this process has come to a halt after suspend.
// Its end, which somebody else waits for, is left alone.
func isSuspended(pid int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && info.Signo == int32(unix.SIGCHLD)
}

func socketUser(fd int) (int, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return int(cred.Uid), nil
}
