package cmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/zooctl/zooctl/ops"
)

// errLiteral refuses a secret on a command line, where every user of the
// machine can read it. The message does not repeat it.
var errLiteral = &usageError{
	reason: "--auth: a secret has no place on a command line",
	hint:   "give SCHEME:@FILE, SCHEME:env:VAR, or SCHEME alone to be asked for it",
}

// checkAuth refuses a value of --auth that holds the secret itself.
func checkAuth(value string) error {
	scheme, where, ok := strings.Cut(value, ":")
	if scheme == "" {
		return &usageError{reason: "--auth: the scheme is missing", hint: errLiteral.hint}
	}
	if !ok || strings.HasPrefix(where, "@") || strings.HasPrefix(where, "env:") {
		return nil
	}
	return errLiteral
}

// secret fetches what a value of --auth points to.
func (a *App) secret(value string) (ops.Auth, error) {
	if err := checkAuth(value); err != nil {
		return ops.Auth{}, err
	}
	scheme, where, ok := strings.Cut(value, ":")
	var data []byte
	var err error
	if file, isFile := strings.CutPrefix(where, "@"); isFile {
		data, err = secretFile(file)
	} else if name, isVar := strings.CutPrefix(where, "env:"); isVar {
		if data = []byte(a.session.getenv(name)); len(data) == 0 {
			err = &usageError{reason: "--auth: the variable " + name + " is not set"}
		}
	} else if !ok {
		data, err = a.ask(scheme)
	}
	return ops.Auth{Scheme: scheme, Data: data}, err
}

// secretFile reads a secret that a person wrote into a file: one newline at
// its end is the editor's.
func secretFile(name string) ([]byte, error) {
	const limit = 64 << 10
	f, err := os.Open(name)
	if err != nil {
		return nil, &failure{op: "--auth", path: name, err: &usageError{reason: reasonOf(err)}}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && len(data) > limit {
		err = &usageError{reason: fmt.Sprintf("larger than %d bytes", limit)}
	}
	if err != nil {
		return nil, &failure{op: "--auth", path: name, err: err}
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r")), nil
}

// ask asks for a secret on the terminal, without showing what is typed.
func (a *App) ask(scheme string) ([]byte, error) {
	in, ok := a.In.(*os.File)
	if !ok || !a.Answerable {
		return nil, &usageError{reason: "--auth " + scheme + ": there is no terminal to ask on", hint: errLiteral.hint}
	}
	fmt.Fprintf(a.Err, "%s secret: ", scheme)
	data, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(a.Err)
	return data, err
}
