package render

import (
	"bufio"
	"iter"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// grid draws a table with lines around its cells: -o table. It is for people,
// so its cells are escaped wherever it goes, and it is drawn when its last
// row is there. The library's ways with headings ("data_version" becomes
// "DATA VERSION") and with long cells (it breaks them) are turned off.
func grid(w *bufio.Writer, p *page, head []string, rows iter.Seq2[[]any, error]) error {
	p.terminal, p.colour = true, false
	table := tablewriter.NewTable(w,
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
	)
	table.Header(head)
	aligned := false
	for row, err := range rows {
		if err != nil {
			return err
		}
		line := make([]string, len(row))
		align := make([]tw.Align, len(row))
		for i, v := range row {
			c := p.cell(v)
			line[i], align[i] = c.text, tw.AlignLeft
			if c.number {
				align[i] = tw.AlignRight
			}
		}
		if !aligned { // the first row tells which columns are numbers
			table.Options(tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}))
			aligned = true
		}
		if err := table.Append(line); err != nil {
			return err
		}
	}
	return table.Render()
}
