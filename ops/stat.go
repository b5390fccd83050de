package ops

import (
	"time"

	"github.com/zooctl/zooctl/ops/wire"
)

// Stat is what a server tells of a znode beside its data.
type Stat struct {
	Czxid          int64 `json:"czxid" yaml:"czxid"`                   // transaction that created it
	Mzxid          int64 `json:"mzxid" yaml:"mzxid"`                   // transaction that last changed its data
	Pzxid          int64 `json:"pzxid" yaml:"pzxid"`                   // transaction that last changed its list of children
	Ctime          int64 `json:"ctime" yaml:"ctime"`                   // creation, in milliseconds since 1970
	Mtime          int64 `json:"mtime" yaml:"mtime"`                   // last change of data, in milliseconds since 1970
	Version        int32 `json:"version" yaml:"version"`               // changes of data
	Cversion       int32 `json:"cversion" yaml:"cversion"`             // changes of the list of children
	Aversion       int32 `json:"aversion" yaml:"aversion"`             // changes of the ACL
	EphemeralOwner int64 `json:"ephemeralOwner" yaml:"ephemeralOwner"` // session, or 0
	DataLength     int32 `json:"dataLength" yaml:"dataLength"`         // bytes
	NumChildren    int32 `json:"numChildren" yaml:"numChildren"`
}

// Created returns Ctime as a time.
func (s Stat) Created() time.Time { return time.UnixMilli(s.Ctime) }

// Modified returns Mtime as a time.
func (s Stat) Modified() time.Time { return time.UnixMilli(s.Mtime) }

func statOf(w *wire.Stat) Stat {
	return Stat{
		Czxid: w.Czxid, Mzxid: w.Mzxid, Pzxid: w.Pzxid, Ctime: w.Ctime, Mtime: w.Mtime, Version: w.Version, Cversion: w.Cversion,
		Aversion: w.Aversion, EphemeralOwner: w.EphemeralOwner, DataLength: w.DataLength, NumChildren: w.NumChildren,
	}
}
