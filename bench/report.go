package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// row is one measurement: the medians of many samples.
type row struct {
	Name   string `json:"name"`
	Voters int    `json:"voters"`
	Ns     int64  `json:"ns"`
	Allocs int64  `json:"allocs"` // allocations
	Bytes  int64  `json:"bytes"`  // allocated
	Writes int64  `json:"writes"` // sets and deletes in committed stores
	// Written is the size of the keys and values of these writes, in bytes.
	Written int64 `json:"written"`
	// Ratio is the time divided by that of the bare verification of the same keys in the same run; 0 without one.
	Ratio float64 `json:"ratio"`
	// Size is the size of the encoded certificate or proof, in bytes.
	Size int `json:"size,omitempty"`
}

// table makes rows from measurements with one set of voters. Their bare verification took bare ns.
type table struct {
	voters int
	bare   int64
}

func (t table) row(name string, s sample) row {
	r := row{
		Name: name, Voters: t.voters, Ns: s.ns, Allocs: s.allocs, Bytes: s.bytes, Writes: s.writes, Written: s.written,
	}
	if t.bare > 0 {
		r.Ratio = float64(s.ns) / float64(t.bare)
	}
	return r
}

// sized returns the row with a size.
func (r row) sized(bytes int) row {
	r.Size = bytes
	return r
}

// printRows writes the rows of one size as a table.
func printRows(out io.Writer, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "voters\tmeasurement\ttime\tratio\tallocations\tallocated B\twrites\twritten B\tencoded B\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%s\t%s\t%.2f\t%d\t%d\t%d\t%d\t%d\t\n",
			r.Voters, r.Name, time.Duration(r.Ns).Round(time.Microsecond), r.Ratio, r.Allocs, r.Bytes, r.Writes, r.Written, r.Size)
	}
	return w.Flush()
}

// writeJSON writes the rows to a file, as one array.
func writeJSON(path string, rows []row) error {
	raw, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
