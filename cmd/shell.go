package cmd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/shell"
)

func newShell(a *App) *cobra.Command {
	var text string
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Open a shell in which znodes complete as you type",
		Long: `Shell runs commands as zooctl does, without the word zooctl before them, and
cd, pwd, history and exit besides. All lines share one ZooKeeper session, so an
ephemeral znode lives until the shell ends. Ctrl-C stops the command that runs,
Ctrl-D ends the shell.

With -c, or with lines on stdin, it stops at the first line that fails and exits
with its status. Between lines on stdin, a value that does not end its line has it
ended before the next one runs.`,
		Example: `  zooctl shell
  zooctl shell -c 'ls /app'
  zooctl shell < commands.txt`,
		GroupID:     groupShell,
		Annotations: local(1, 65, 66, 69, 73, 74, 75, 77, 79),
		Args:        exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.session.lines {
				return misused(cmd, "this is a shell already")
			}
			a.session.chosen = a.line.given
			if cmd.Flags().Changed("command") {
				return exit(a.newShell().Eval(a.asShell(cmd.Context()), text))
			}
			return exit(a.lines(cmd.Context(), a.historyFile()))
		},
	}
	cmd.Flags().StringVarP(&text, "command", "c", "", "run the one `LINE` and exit with its status")
	return cmd
}

// lines runs lines from the terminal, or those on stdin, until they end.
func (a *App) lines(ctx context.Context, history string) int {
	s := a.newShell()
	ctx = a.asShell(ctx)
	if a.Answerable && a.Terminal {
		s.History = history
		a.session.typed = s.Typed
		return s.Interactive(ctx)
	}
	a.session.script = true
	return s.Lines(ctx)
}

func (a *App) asShell(ctx context.Context) context.Context {
	a.session.lines = true
	return ctx
}

// newShell is a shell whose lines start with the settings of this one.
func (a *App) newShell() *shell.Shell {
	line := *a
	return &shell.Shell{
		In: a.In, Out: a.Out, Err: a.Err,
		Prompt: func() string { return a.prompt() },
		Run: func(ctx context.Context, words []string) int {
			if line.session.script {
				line.In = bytes.NewReader(nil) // the lines that follow are not the command's
				line.separate()
			}
			return line.run(ctx, words)
		},
		Complete: func(ctx context.Context, words []string) []shell.Suggestion { return line.suggest(ctx, words) },
		Fail: func(err error) int {
			if bad, ok := errors.AsType[*shell.SyntaxError](err); ok {
				err = &usageError{reason: bad.Error()}
			}
			return line.report(context.Background(), err)
		},
		Leave:  func() (int, bool) { return a.session.status, a.session.left },
		Muffle: a.muffle,
		Busy:   func() bool { return a.session.deaf.Load() > 1 }, // once is the shell's own
	}
}

// separate ends the line that the last answer left open: the bytes of a znode are as
// they are, and yet the next answer is not one of them.
func (a *App) separate() {
	if a.session.open {
		_, _ = io.WriteString(a.Out, "\n") // the next answer finds out what is wrong
		a.session.open = false
	}
}

// prompt is what the shell shows before a line: where it is.
func (a *App) prompt() string {
	name := "zooctl"
	switch {
	case a.session.demo != nil:
		name = "demo"
	case a.session.chosen.Cluster != "":
		name = a.session.chosen.Cluster
	case a.session.chosen.Context != "":
		name = a.session.chosen.Context
	case a.session.chosen.Servers != "":
		name, _, _ = strings.Cut(a.session.chosen.Servers, ",")
	}
	return name + " " + a.session.dir + "> "
}

// suggest asks the commands themselves how the last of the words may go on, by
// the way that serves the completion of bash, too.
func (a App) suggest(ctx context.Context, words []string) []shell.Suggestion {
	var out bytes.Buffer
	a.In, a.Out, a.Err, a.Terminal, a.Answerable = bytes.NewReader(nil), &out, &bytes.Buffer{}, false, false
	a.run(ctx, append([]string{cobra.ShellCompRequestCmd}, words...))
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	last, err := strconv.Atoi(strings.TrimPrefix(lines[len(lines)-1], ":"))
	directive := cobra.ShellCompDirective(last)
	if err != nil || directive&cobra.ShellCompDirectiveError != 0 {
		return nil
	}
	open := directive&cobra.ShellCompDirectiveNoSpace != 0
	var all []shell.Suggestion
	for _, line := range lines[:len(lines)-1] {
		text, description, _ := strings.Cut(line, "\t")
		all = append(all, shell.Suggestion{Text: text, Description: description, Open: open})
	}
	return all
}

// historyFile is where typed lines are kept; without a place for it, nowhere.
func (a *App) historyFile() string {
	dir := a.dirs().State
	if dir == "" {
		return ""
	}
	if err := os.MkdirAll(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return ""
	}
	return filepath.Join(dir, "history")
}
