package cmd

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/zooctl/zooctl/cmd/render"
)

// build is what is known of this program.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of zooctl",
		Long: `Version shows which zooctl this is, from what source and with which Go it was
built.`,
		Example: `  zooctl version
  zooctl version -o json`,
		GroupID:     groupMore,
		Annotations: local(),
		Args:        exactly(0),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			return a.Print(render.Record{Value: b, Fields: []render.Field{
				{Name: "version", Value: b.Version}, {Name: "revision", Value: b.Revision}, {Name: "go", Value: b.Go}, {Name: "platform", Value: b.Platform},
			}})
		},
	}
}

// thisBuild reads what the linker has stamped.
func thisBuild() build {
	b := build{Version: "dev", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}
