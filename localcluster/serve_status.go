package localcluster

import (
	"context"
	"fmt"

	"github.com/zooctl/zooctl/localcluster/server/zoocfg"
)

// Running is what a server says of itself.
type Running struct {
	Address string `json:"address"` // of its clients
	Host    string `json:"-"`
	Port    int    `json:"-"`
	Mode    string `json:"mode"` // leader, follower, observer or standalone; "" if it does not serve
	Version string `json:"version,omitempty"`
	Zxid    string `json:"zxid,omitempty"`
}

// ServerStatus asks the server that the configuration in o describes, of this
// program or of Apache ZooKeeper. One that cannot be reached is ErrNotRunning.
func ServerStatus(ctx context.Context, o ServeOptions) (Running, error) {
	text, err := readSmall(o.Config)
	if err != nil {
		return Running{}, fileError(err)
	}
	zoo, _, err := zoocfg.Parse(zoocfg.Input{Name: o.Config, Text: text, ID: o.ID, Read: readSmall})
	if err != nil {
		return Running{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if zoo.Client == nil {
		return Running{}, fmt.Errorf("%w: clientPort is not set, and a server is asked without TLS", ErrConfig)
	}
	r := Running{Host: zoo.Client.Host, Port: zoo.Client.Port}
	switch r.Host {
	case "", "0.0.0.0", "::":
		r.Host = "localhost"
	}
	r.Address = joined(r.Host, r.Port)
	says, err := ask(ctx, r.Address)
	if err != nil {
		return r, fmt.Errorf("%w: %s", ErrNotRunning, r.Address)
	}
	r.Mode, r.Version, r.Zxid = says.mode, says.version, says.zxid
	return r, nil
}
