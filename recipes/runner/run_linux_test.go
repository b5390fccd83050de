package runner_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is for what a terminal should show. It is no measurement.
const patience = 30 * time.Second

// again is the test binary as a program that runs script.
func again(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "sh", "-c", script)
	cmd.Env = append(os.Environ(), asRunner+"=1")
	return cmd
}

// TestDiesWithTheProgram: the command does not outlive a program that is killed.
func TestDiesWithTheProgram(t *testing.T) {
	// The orphan comes to this process, which can then see how it ended.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	cmd := again(t, `echo $$; exec sleep 1000`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it says "killed"
	var status syscall.WaitStatus
	if who, err := syscall.Wait4(pid, &status, 0, nil); who != pid || err != nil || status.Signal() != syscall.SIGKILL {
		t.Errorf("process %d: %d %v %v", pid, who, err, status)
	}
}

// terminal returns both ends of a new terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	raw, err := master.SyscallConn() // Fd would make the file block, without a deadline
	if err != nil {
		t.Fatal(err)
	}
	var n int
	var bad error
	err = raw.Control(func(fd uintptr) {
		if bad = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); bad == nil {
			n, bad = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil || bad != nil {
		t.Fatal(err, bad)
	}
	if err := master.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Close() })
	return master, slave
}

// TestTerminal: the command can read from the terminal, from its start if it
// writes there too, else when it tries to; afterwards the program that ran it can
// read, and the modes are those of before.
func TestTerminal(t *testing.T) {
	for _, piped := range []bool{false, true} {
		t.Run(fmt.Sprintf("piped %v", piped), func(t *testing.T) {
			master, slave := terminal(t)
			before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			script := `read a; stty -echo; echo "command: $a" >&2`
			if !piped {
				// It cannot be stopped when it reads in the background: it would fail.
				script = `trap "" TTIN; ` + script
			}
			cmd := again(t, script)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
			if piped {
				cmd.Stdout = io.Discard // os/exec makes a pipe of it
			}
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			lines := bufio.NewReader(master)
			for _, say := range []struct{ typed, want string }{{"one", "command: one"}, {"two", `afterwards: "two\n"`}} {
				if _, err := io.WriteString(master, say.typed+"\n"); err != nil {
					t.Fatal(err)
				}
				for {
					line, err := lines.ReadString('\n')
					if err != nil {
						t.Fatalf("%q did not come: %v", say.want, err)
					}
					if strings.TrimSpace(line) == say.want {
						break
					}
				}
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil || *after != *before {
				t.Errorf("modes %+v, before %+v (%v)", after, before, err)
			}
		})
	}
}
