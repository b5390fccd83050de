package cmd

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/ops"
)

// value is where the data of a znode comes from: an argument, "-" for all of
// stdin, or --file.
type value struct{ file string }

func (v *value) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&v.file, "file", "", "take the value from the file `F`")
}

// read returns the data: that of args, if there is an argument, or the file's.
// given says that there is any. A value that no server would take is refused
// before it is read whole.
func (v *value) read(a *App, cmd *cobra.Command, path string, args []string) (data []byte, given bool, err error) {
	byFile := cmd.Flags().Changed("file")
	switch {
	case byFile && len(args) > 0:
		return nil, false, misused(cmd, "the value is given twice: as an argument and by --file")
	case byFile:
		f, err := os.Open(v.file)
		if err != nil {
			return nil, false, &failure{op: opOf(cmd), path: path, err: &usageError{reason: "--file " + v.file + ": " + reasonOf(err)}}
		}
		defer f.Close()
		data, err = bounded(f)
		return data, true, v.wrap(cmd, path, err)
	case len(args) == 0:
		return nil, false, nil
	case args[0] == "-":
		data, err = bounded(a.In)
		return data, true, v.wrap(cmd, path, err)
	}
	return []byte(args[0]), true, nil
}

func (v *value) wrap(cmd *cobra.Command, path string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{op: opOf(cmd), path: path, err: err}
}

// bounded reads all of r, unless that is more than a request can hold.
func bounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, ops.MaxRequest+1))
	if err == nil && len(data) > ops.MaxRequest {
		return nil, fmt.Errorf("%w: it has more than the %d bytes that a server takes in a request", ops.ErrTooLarge, ops.MaxRequest)
	}
	return data, err
}
