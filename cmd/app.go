package cmd

import (
	"context"
	"io"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/config"
	"github.com/zooctl/zooctl/cmd/render"
)

// App is what one line may use of the world. Its settings hold for that line;
// what outlives the line is in the session.
type App struct {
	In         io.Reader
	Out, Err   io.Writer
	Terminal   bool // Out is a terminal
	Answerable bool // In and Err are terminals: a question can be asked

	settings
	line    line
	session *session
}

// settings are the global flags. A line in a shell starts with those of the
// shell's own line.
type settings struct {
	auth           []string
	output         string
	connectTimeout duration
	sessionTimeout duration
	timeout        duration
	yes            bool
	readOnly       bool
	trace          bool
	set            map[string]bool // what a flag or the environment has given a value
}

// line is what is known of the line that runs.
type line struct {
	words  []string
	cmd    *cobra.Command
	given  choice  // the ensemble that its flags name
	target *target // the ensemble, once it has been asked for
}

// newApp returns an App with nothing set, for the line that starts a program.
func newApp(in io.Reader, out, err io.Writer, getenv func(string) string) App {
	return App{
		In: in, Out: out, Err: err,
		settings: settings{output: "text", connectTimeout: duration(5 * time.Second)},
		session:  &session{getenv: getenv, dir: "/"},
	}
}

// run runs one line and returns its exit status. It is the only way in: Main
// calls it with the program's arguments, a shell with the words of each line.
//
// Each line gets a copy of App and a tree of its own, because cobra keeps flag
// values and the context from one run of a tree to the next.
func (a App) run(ctx context.Context, words []string) (status int) {
	a.line = line{words: append([]string{}, words...)} // never nil, or cobra reads os.Args
	a.set = cloned(a.set)
	a.auth = slices.Clone(a.auth)
	defer func() {
		if r := recover(); r != nil {
			status = a.report(ctx, &panicked{r, debug.Stack()})
		}
	}()
	root := newRoot(&a)
	root.SetArgs(a.line.words)
	cmd, err := root.ExecuteContextC(ctx)
	a.line.cmd = cmd
	return a.report(ctx, err)
}

func cloned(set map[string]bool) map[string]bool {
	c := make(map[string]bool, len(set))
	for k, v := range set {
		c[k] = v
	}
	return c
}

// begin is called before every command: it completes the settings, and holds
// the command to what it may do.
func (a *App) begin(cmd *cobra.Command) error {
	a.line.cmd = cmd
	if err := a.settle(cmd); err != nil {
		return err
	}
	if cmd.Annotations["access"] != "writes" {
		return nil
	}
	return a.mayWrite(cmd)
}

// mayWrite refuses a command that writes where --read-only or the context
// says so, and asks before one on a protected context.
func (a *App) mayWrite(cmd *cobra.Command) error {
	if a.readOnly {
		return &failure{op: opOf(cmd), err: errReadOnly}
	}
	t, err := a.target(cmd.Context())
	if err != nil {
		return err
	}
	switch {
	case t.readOnly:
		return &failure{op: opOf(cmd), path: t.name, err: errReadOnly}
	case t.protected && !a.yes && !a.Answerable:
		return &failure{op: opOf(cmd), path: t.name, err: errProtected}
	case t.protected:
		return a.confirm(cmd.Context(), opOf(cmd)+" writes to the protected "+t.name+".")
	}
	return nil
}

// Path returns the znode that arg names: as it stands if it is absolute, or
// else seen from the working directory of the shell, which is "/" elsewhere.
// "." and ".." are understood in a relative path only. Whether the result is
// a path that ZooKeeper takes is for the operation to say; above all, an
// absolute path is not tidied up, because "rm -r /app/$NAME" with an empty
// NAME must not become "rm -r /app".
func (a *App) Path(arg string) string {
	dir := a.session.dir
	if strings.HasPrefix(arg, "/") || arg == "" {
		return arg
	}
	for part := range strings.SplitSeq(arg, "/") {
		switch part {
		case ".":
		case "..":
			dir = path.Dir(dir)
		default:
			dir = strings.TrimSuffix(dir, "/") + "/" + part
		}
	}
	return dir
}

// Paths is Path for each of args, and the working directory if there is none.
func (a *App) Paths(args []string) []string {
	if len(args) == 0 {
		return []string{a.session.dir}
	}
	paths := make([]string, len(args))
	for i, arg := range args {
		paths[i] = a.Path(arg)
	}
	return paths
}

// Print shows an answer.
func (a *App) Print(v render.View) error {
	out := ending{w: a.Out}
	err := render.Printer{
		Out: &out, Format: a.output, Terminal: a.Terminal,
		Colour: a.session.getenv("NO_COLOR") == "" && a.session.getenv("TERM") != "dumb",
	}.Print(v)
	a.session.open = out.open
	return err
}

// ending knows whether what was written ends within a line.
type ending struct {
	w    io.Writer
	open bool
}

func (e *ending) Write(b []byte) (int, error) {
	n, err := e.w.Write(b)
	if n > 0 {
		e.open = b[n-1] != '\n'
	}
	return n, err
}

// dirs is where the user's files are.
func (a *App) dirs() config.Dirs { return config.Find(a.session.getenv) }
