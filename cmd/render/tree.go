package render

import "iter"

// Tree is one thing with things below it. Programs get Root whole, in its
// JSON form.
type Tree[T any] struct {
	Root     T
	Label    func(T) string
	Children func(T) []T
}

func (t Tree[T]) values() (shape, iter.Seq2[any, error]) { return single(t.Root) }

// rows has no table to give: the lines of the drawing are its form.
func (t Tree[T]) rows() ([]string, iter.Seq2[[]any, error]) { return nil, nil }

func (t Tree[T]) text(p *page) error {
	p.WriteString(p.paint(bold, p.clean(t.Label(t.Root))))
	if err := p.WriteByte('\n'); err != nil {
		return err
	}
	return t.below(p, t.Root, "")
}

// below draws what hangs under node. It goes as deep as the tree does, and a
// path of ZooKeeper is short enough for that.
func (t Tree[T]) below(p *page, node T, indent string) error {
	children := t.Children(node)
	for i, c := range children {
		branch, deeper := "├── ", "│   "
		if i == len(children)-1 {
			branch, deeper = "└── ", "    "
		}
		p.WriteString(p.paint(faint, indent+branch))
		p.WriteString(p.clean(t.Label(c)))
		if err := p.WriteByte('\n'); err != nil {
			return err
		}
		if err := t.below(p, c, indent+deeper); err != nil {
			return err
		}
	}
	return nil
}
