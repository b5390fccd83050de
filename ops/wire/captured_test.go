package wire_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
)

// conversation decodes the frames of one connection, in their order.
type conversation struct {
	connects int               // of two
	asked    map[int32]wire.Op // by xid
}

// records returns what a frame consists of, header first. An event, a ping and the
// answer to setWatches are told by their xid.
func (c *conversation) records(toServer bool, frame []byte) (string, []record, error) {
	if c.connects < 2 {
		c.connects++
		if toServer {
			return "connect", []record{&wire.ConnectRequest{}}, nil
		}
		return "connected", []record{&wire.ConnectResponse{}}, nil
	}
	d := wire.NewDecoder(frame)
	if toServer {
		var h wire.RequestHeader
		h.Decode(&d)
		c.asked[h.Xid] = h.Op
		body, err := request(h.Op)
		return h.Op.String(), append([]record{&h}, body...), err
	}
	var h wire.ReplyHeader
	h.Decode(&d)
	switch {
	case h.Xid == wire.XidNotification:
		return "event", []record{&h, &wire.WatcherEvent{}}, nil
	case h.Xid == wire.XidPing:
		return "pong", []record{&h}, nil
	}
	op, ok := c.asked[h.Xid]
	if !ok {
		return "", nil, fmt.Errorf("a reply to %d, which was not asked", h.Xid)
	}
	delete(c.asked, h.Xid)
	if h.Err != wire.CodeOK {
		return op.String() + " failed", []record{&h}, nil
	}
	body, err := response(op)
	return op.String() + " done", append([]record{&h}, body...), err
}

func request(op wire.Op) ([]record, error) {
	switch op {
	case wire.OpCreate, wire.OpCreate2:
		return []record{&wire.CreateRequest{}}, nil
	case wire.OpDelete, wire.OpCheck:
		return []record{&wire.DeleteRequest{}}, nil
	case wire.OpSetData:
		return []record{&wire.SetDataRequest{}}, nil
	case wire.OpExists, wire.OpGetData, wire.OpGetChildren, wire.OpGetChildren2:
		return []record{&wire.PathWatchRequest{}}, nil
	case wire.OpSync:
		return []record{&wire.PathRequest{}}, nil
	case wire.OpMulti:
		return []record{&wire.MultiRequest{}}, nil
	case wire.OpSetWatches:
		return []record{&wire.SetWatches{}}, nil
	case wire.OpPing, wire.OpCloseSession:
		return nil, nil
	}
	return nil, fmt.Errorf("no record for a request of %v", op)
}

func response(op wire.Op) ([]record, error) {
	switch op {
	case wire.OpCreate:
		return []record{&wire.CreateResponse{}}, nil
	case wire.OpCreate2:
		return []record{&wire.CreateResponse{Stat: &wire.Stat{}}}, nil
	case wire.OpSetData, wire.OpExists:
		return []record{&wire.Stat{}}, nil
	case wire.OpGetData:
		return []record{&wire.GetDataResponse{}}, nil
	case wire.OpGetChildren:
		return []record{&wire.GetChildrenResponse{}}, nil
	case wire.OpGetChildren2:
		return []record{&wire.GetChildrenResponse{}, &wire.Stat{}}, nil
	case wire.OpSync:
		return []record{&wire.PathRequest{}}, nil
	case wire.OpMulti:
		return []record{&wire.MultiResponse{}}, nil
	case wire.OpDelete, wire.OpSetWatches, wire.OpCloseSession:
		return nil, nil
	}
	return nil, fmt.Errorf("no record for a reply to %v", op)
}

// TestCaptured decodes every frame that go-zookeeper and kazoo exchanged with a real
// Apache ZooKeeper, and encodes it again to the same bytes.
func TestCaptured(t *testing.T) {
	files, err := filepath.Glob("../../testdata/frames/*.txt")
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	seen := make(map[string]int)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		conversations := make(map[string]*conversation)
		for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			f := strings.Fields(line)
			if len(f) != 3 {
				t.Fatalf("%s:%d: %q", file, i+1, line)
			}
			frame, err := hex.DecodeString(f[2])
			if err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			c := conversations[f[0]]
			if c == nil {
				c = &conversation{asked: make(map[int32]wire.Op)}
				conversations[f[0]] = c
			}
			kind, records, err := c.records(f[1] == ">", frame)
			if err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			seen[kind]++
			d := wire.NewDecoder(frame)
			var again []byte
			for _, r := range records {
				r.Decode(&d)
				again = r.Append(again)
			}
			if d.Err() != nil || d.Len() != 0 || !bytes.Equal(again, frame) {
				t.Errorf("%s:%d: %s: error %v, %d bytes over\nhave %x\nwant %x", file, i+1, kind, d.Err(), d.Len(), again, frame)
			}
		}
	}
	for _, kind := range strings.Split("connect,connected,event,create,create done,create failed,create2,create2 done,delete,delete done,delete failed,exists,exists done,"+
		"exists failed,getData,getData done,getData failed,setData,setData done,setData failed,getChildren,getChildren done,getChildren2,getChildren2 done,"+
		"sync,sync done,multi,multi done,setWatches,setWatches done,closeSession,closeSession done", ",") {
		if seen[kind] == 0 {
			t.Errorf("no frame of %q was captured", kind)
		}
	}
	t.Logf("frames: %v", seen)
}
