package verify

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Status is the outcome of a check.
type Status string

// The outcomes of a check.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped" // it cannot be made here; the details say why
)

// Result is the result of one check.
type Result struct {
	Entity  string        `json:"entity"`
	Rules   []string      `json:"rules,omitempty"`
	Check   string        `json:"check"`
	Status  Status        `json:"status"`
	Details []string      `json:"details,omitempty"`
	Took    time.Duration `json:"nanoseconds"`
}

// Report is the result of all checks.
type Report struct {
	Started time.Time     `json:"started"`
	Took    time.Duration `json:"nanoseconds"`
	Results []Result      `json:"results"`
}

// Count returns how many checks had that outcome.
func (r Report) Count(s Status) (n int) {
	for _, result := range r.Results {
		if result.Status == s {
			n++
		}
	}
	return n
}

// Formats lists the formats of [Report.Write].
var Formats = []string{"text", "json", "junit"}

// Write writes the report as a table, as JSON or as JUnit XML.
func (r Report) Write(w io.Writer, format string) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	case "junit":
		return r.junit(w)
	case "text":
		return r.table(w)
	}
	return fmt.Errorf("unknown format %q: must be one of %s", format, strings.Join(Formats, ", "))
}

func (r Report) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ENTITY\tCHECK\tRULES\tRESULT\tTIME")
	for _, result := range r.Results {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.1fs\n", result.Entity, result.Check, strings.Join(result.Rules, " "),
			result.Status, result.Took.Seconds())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return r.Summary(w)
}

// Summary writes what failed and what was skipped, with the reasons, and the
// totals.
func (r Report) Summary(w io.Writer) error {
	for _, result := range r.Results {
		for _, detail := range result.Details {
			fmt.Fprintf(w, "%s: %s: %s\n", result.Status, result.Check, detail)
		}
	}
	_, err := fmt.Fprintf(w, "%d passed, %d failed, %d skipped in %.1fs\n",
		r.Count(Passed), r.Count(Failed), r.Count(Skipped), r.Took.Seconds())
	return err
}

// The parts of JUnit XML that CI systems read.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     float64     `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string     `xml:"classname,attr"`
		Name    string     `xml:"name,attr"`
		Time    float64    `xml:"time,attr"`
		Failure *junitText `xml:"failure,omitempty"`
		Skipped *junitText `xml:"skipped,omitempty"`
	}
	junitText struct {
		Message string `xml:"message,attr"`
	}
)

func (r Report) junit(w io.Writer) error {
	suite := junitSuite{
		Name: "daprstack verify", Tests: len(r.Results), Failures: r.Count(Failed), Skipped: r.Count(Skipped), Time: r.Took.Seconds(),
	}
	for _, result := range r.Results {
		c := junitCase{
			Class: result.Entity, Time: result.Took.Seconds(),
			Name: strings.TrimSpace(result.Check + " " + strings.Join(result.Rules, " ")),
		}
		text := &junitText{strings.Join(result.Details, "\n")}
		switch result.Status {
		case Failed:
			c.Failure = text
		case Skipped:
			c.Skipped = text
		case Passed:
		}
		suite.Cases = append(suite.Cases, c)
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
