package cmd

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zooctl/zooctl/cmd/render"
)

// globalFlags binds the flags that every command takes. Their letters are z,
// o and y: all others are free for the commands, and so for the letters that
// zkCli.sh has taught.
func (a *App) globalFlags(flags *pflag.FlagSet) {
	flags.StringVarP(&a.line.given.Servers, "servers", "z", "", "ensemble at `HOST:PORT,…[/chroot]`")
	flags.StringVar(&a.line.given.Cluster, "cluster", "", "ensemble that is the local cluster `NAME`")
	flags.StringVar(&a.line.given.Context, "context", "", "ensemble that the context `NAME` of the configuration describes")
	flags.StringArrayVar(&a.auth, "auth", a.auth, "identity as `SCHEME:@FILE`, SCHEME:env:VAR, or SCHEME to be asked for it")
	flags.StringVarP(&a.output, "output", "o", a.output, "output `FORMAT`: "+strings.Join(render.Formats(), ", "))
	flags.BoolVarP(&a.yes, "yes", "y", a.yes, "answer every question with yes")
	flags.Var(&a.connectTimeout, "connect-timeout", "longest `TIME` to wait for a connection")
	flags.Var(&a.sessionTimeout, "session-timeout", "`TIME` after which the ensemble takes the session for dead")
	flags.Var(&a.timeout, "timeout", "longest `TIME` for the ZooKeeper work of the command; never for a child, a watch or a shell")
	flags.BoolVar(&a.readOnly, "read-only", a.readOnly, "refuse commands that write")
	flags.BoolVar(&a.trace, "trace", a.trace, "tell on stderr what goes over the wire")
}

// settle completes the settings of the line once its flags are read: from
// the environment where no flag has spoken, ZOOCTL_CONNECT_TIMEOUT for
// --connect-timeout. The environment is read by the program's own line alone:
// a line of a shell starts from what that has settled. --yes is no habit and
// has no variable; which ensemble is for target.
func (a *App) settle(cmd *cobra.Command) error {
	err := a.fromEnvironment(cmd)
	if err != nil {
		return err
	}
	if a.line.given.count() > 1 {
		return misused(cmd, "--servers, --cluster and --context name one ensemble each: give one of them")
	}
	for _, s := range []struct{ flag, value string }{{"servers", a.line.given.Servers}, {"cluster", a.line.given.Cluster}, {"context", a.line.given.Context}} {
		if cmd.Flags().Changed(s.flag) && s.value == "" {
			return misused(cmd, "--%s is empty", s.flag)
		}
	}
	if err := render.CheckFormat(a.output); err != nil {
		format := a.output
		a.output = "text"
		return misused(cmd, "-o %s: %v", format, err)
	}
	for _, auth := range a.auth {
		if err := checkAuth(auth); err != nil {
			return &failure{op: opOf(cmd), err: err}
		}
	}
	return nil
}

func (a *App) fromEnvironment(cmd *cobra.Command) error {
	var errs error
	cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			a.set[f.Name] = true
			return
		}
		switch f.Name {
		case "yes", "servers", "cluster", "context":
			return
		}
		variable := variableOf(f.Name)
		value := a.session.getenv(variable)
		if value == "" || a.session.lines {
			return
		}
		if err := f.Value.Set(value); err != nil {
			errs = errors.Join(errs, misused(cmd, "%s: %s", variable, misvalue(f, value, err)))
		}
		a.set[f.Name] = true
	})
	return errs
}

// variableOf is the environment variable of a global flag.
func variableOf(flag string) string {
	return "ZOOCTL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
