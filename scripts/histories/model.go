package histories

import (
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zooctl/zooctl/ops/wire"
)

// znode is the state of one znode: what porcupine's model is in.
type znode struct {
	exists  bool
	version int32
	value   string
}

// refusal is why a write to the znode would be refused, or 0.
func (z znode) refusal(r *record) wire.Code {
	switch {
	case r.Kind == create && z.exists:
		return wire.CodeNodeExists
	case r.Kind == create:
		return wire.CodeOK
	case !z.exists:
		return wire.CodeNoNode
	case r.Version != -1 && r.Version != z.version && (r.Kind == set || r.Kind == remove || r.Kind == check):
		return wire.CodeBadVersion
	}
	return wire.CodeOK
}

// after is the state when a write that is not refused has been applied.
func (z znode) after(r *record) znode {
	switch r.Kind {
	case create:
		return znode{exists: true, value: r.Value}
	case set:
		return znode{exists: true, value: r.Value, version: z.version + 1}
	case remove:
		return znode{}
	}
	return z
}

// steps returns the states in which the znode may be after r, none if r cannot be.
func (z znode) steps(r *record) []any {
	code := z.refusal(r)
	switch {
	case r.Kind == read:
		if r.Code != code || code == wire.CodeOK && (r.Version != z.version || r.Value != z.value) {
			return nil
		}
		return []any{z}
	case r.Outcome == unknown:
		if code != wire.CodeOK {
			return []any{z}
		}
		return []any{z, z.after(r)}
	case r.Code != code:
		return nil
	case code != wire.CodeOK:
		return []any{z}
	}
	next := z.after(r)
	if r.Kind == set && r.Made != next.version {
		return nil
	}
	return []any{next}
}

// model is a znode that does not exist at first.
func model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{znode{}} },
		Step: func(state, input, _ any) []any {
			z, _ := state.(znode)   // it is one: see Init and steps
			r, _ := input.(*record) // and so is this: see operations
			return z.steps(r)
		},
		DescribeOperation: func(input, _ any) string {
			r, _ := input.(*record) // see above
			return fmt.Sprintf("%s %s v%d %s %s", r.Kind, r.Value, r.Version, r.Outcome, r.Code)
		},
		DescribeState: func(state any) string { return fmt.Sprintf("%+v", state) },
	}
	return m.ToModel()
}

// linearizable are the kinds that are linearizable for each znode.
func linearizable(r *record) bool {
	return slices.Contains([]kind{create, set, remove, check, read}, r.Kind)
}

// operations returns those of each znode as porcupine wants them.
func operations(h []record) map[string][]porcupine.Operation {
	all := map[string][]porcupine.Operation{}
	for _, r := range byCall(h, linearizable) {
		all[r.Path] = append(all[r.Path], porcupine.Operation{ClientId: r.Client, Input: r, Call: int64(r.Call), Return: int64(r.Return)})
	}
	return all
}

// checkPatience bounds porcupine for one znode. What takes longer counts as a failure.
const checkPatience = time.Minute

// checkZnodes finds znodes whose operations are not linearizable. draw gets the drawing
// of each.
func checkZnodes(h []record, draw func(path string, m porcupine.Model, info porcupine.LinearizationInfo)) []string {
	var bad []string
	m := model()
	for path, ops := range operations(h) {
		res, info := porcupine.CheckOperationsVerbose(m, ops, checkPatience)
		if res != porcupine.Ok {
			bad = append(bad, fmt.Sprintf("znodes: %s: its %d operations are not linearizable (%s)", path, len(ops), res))
			draw(path, m, info)
		}
	}
	return bad
}
