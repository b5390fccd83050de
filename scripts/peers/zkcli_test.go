package peers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// javaOf returns the java of an Apache server and its class path, so that the client is
// of the same distribution. JLine is left out of it: with it zkCli draws a prompt, and
// Debian's has none.
func javaOf(t *testing.T, pid int) []string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		t.Fatal(err)
	}
	args := strings.Split(string(b), "\x00")
	i := slices.Index(args, "-cp")
	if i < 0 || i+1 == len(args) {
		t.Fatalf("no class path in %q", args)
	}
	path := []string{"zkcli"} // which keeps the log quiet; the server's folder, which is first, does not
	for _, entry := range filepath.SplitList(args[i+1])[1:] {
		if filepath.Base(entry) != "*" {
			path = append(path, entry)
			continue
		}
		jars, err := filepath.Glob(filepath.Join(filepath.Dir(entry), "*.jar"))
		if err != nil {
			t.Fatal(err)
		}
		path = append(path, slices.DeleteFunc(jars, func(jar string) bool { return strings.HasPrefix(filepath.Base(jar), "jline-") })...)
	}
	return []string{args[0], "-cp", strings.Join(path, string(os.PathListSeparator))}
}

// The commands are fed one at a time. After each goes one whose answer is known and
// stands for the end of the answer before.
const endCommand, endAnswer = "printwatches", "printwatches is on"

// zkCli is one that runs. Its events come when they come, between the lines of any
// answer, so they are kept apart.
type zkCli struct {
	ctx     context.Context
	stdin   io.Writer
	answers <-chan string
	events  <-chan string
}

// runZkCli feeds zkcli/commands.txt to Apache's zkCli.
func runZkCli(t *testing.T, ctx context.Context, e ensemble) (string, error) {
	commands, err := os.ReadFile("zkcli/commands.txt")
	if err != nil {
		return "", err
	}
	args := append(slices.Clone(e.java[1:]), "org.apache.zookeeper.ZooKeeperMain", "-server", e.servers)
	cmd := exec.CommandContext(ctx, e.java[0], args...)
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	cmd.Stderr = cmd.Stdout // one order for both
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	answers, events := make(chan string), make(chan string, 100)
	go divide(ctx, stdout, answers, events) // ends with the program
	cli := zkCli{ctx: ctx, stdin: stdin, answers: answers, events: events}
	var out strings.Builder
	err = cli.feed(&out, strings.ReplaceAll(string(commands), "$SERVERS", e.servers))
	_ = stdin.Close() // it may have ended
	for range answers {
		// Nothing else is expected, and the program must end.
	}
	return strings.ReplaceAll(out.String(), e.servers, "$SERVERS"), errors.Join(err, cmd.Wait())
}

// divide sends the lines that a zkCli prints where they belong.
func divide(ctx context.Context, r io.Reader, answers, events chan<- string) {
	defer close(answers)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		to := answers
		switch {
		case line == "" || line == "WATCHER::" || strings.Contains(line, "type:None"):
			continue // what surrounds events; and the state of the connection
		case strings.HasPrefix(line, "WatchedEvent "):
			to = events
		}
		select {
		case to <- line:
		case <-ctx.Done():
		}
	}
}

func (c zkCli) feed(out *strings.Builder, commands string) error {
	if _, err := c.ask(endCommand); err != nil { // and what it greets with is dropped
		return err
	}
	for line := range strings.Lines(commands) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "!event":
			select {
			case e := <-c.events:
				fmt.Fprintln(out, e)
			case <-c.ctx.Done():
				return errors.New("the event never came")
			}
		default:
			answer, err := c.ask(line, endCommand)
			if err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
			fmt.Fprintf(out, "> %s\n%s", line, answer)
		}
	}
	if len(c.events) > 0 {
		return fmt.Errorf("an event that nobody waited for: %s", <-c.events)
	}
	return nil
}

// ask sends commands, of which the last is endCommand, and returns the answer.
func (c zkCli) ask(commands ...string) (string, error) {
	if _, err := io.WriteString(c.stdin, strings.Join(commands, "\n")+"\n"); err != nil {
		return "", err
	}
	var answer strings.Builder
	for {
		select {
		case line, ok := <-c.answers:
			if !ok {
				return "", errors.New("zkCli ended")
			}
			if line == endAnswer {
				return answer.String(), nil
			}
			answer.WriteString(line + "\n")
		case <-c.ctx.Done():
			return "", c.ctx.Err()
		}
	}
}
