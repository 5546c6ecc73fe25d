package lint

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/policy/settings"
)

// The parts of SARIF 2.1.0 that a report needs.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool     sarifTool     `json:"tool"`
		Language string        `json:"language"`
		Newlines []string      `json:"newlineSequences"`
		Results  []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name     string      `json:"name"`
		Language string      `json:"language"`
		Rules    []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		Short   sarifText    `json:"shortDescription"`
		Help    sarifText    `json:"help"`
		Default sarifDefault `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifDefault struct {
		Enabled bool  `json:"enabled"`
		Level   Level `json:"level"`
	}
	sarifResult struct {
		Rule      string          `json:"ruleId"`
		Index     int             `json:"ruleIndex"`
		Level     Level           `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		Line int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

const language = "en-US"

const sarifSchema = "https://json.schemastore.org/sarif-2.1.0.json"

// WriteSARIF prints the findings as SARIF 2.1.0, as code scanning takes it. A
// finding in a chart names the template without a line: the lines are those of
// what it renders.
func WriteSARIF(w io.Writer, r *Report) error {
	driver := sarifDriver{Name: "daprstack", Language: language}
	for _, p := range settings.Policies {
		driver.Rules = append(driver.Rules, sarifRule{
			p.Rule, p.Name, sarifText{plain(statement(p.Rule))}, sarifText{"To do: " + p.Fix + "."}, byDefault(p.Lint),
		})
	}
	driver.Rules = append(driver.Rules, sarifRule{
		IgnoreRule, "ignore-comment", sarifText{"A comment that lets findings pass names the rules and says why."},
		sarifText{"To do: " + ignoreFix + "."}, byDefault(Warning),
	})
	run := sarifRun{Tool: sarifTool{driver}, Language: language, Newlines: []string{"\r\n", "\n"}, Results: []sarifResult{}}
	for _, f := range r.Findings {
		physical := sarifPhysical{Artifact: sarifArtifact{uri(f.File)}}
		if !f.Rendered {
			physical.Region = &sarifRegion{f.Line}
		}
		object := f.Object
		if f.Path != "" {
			object += ": " + f.Path
		}
		run.Results = append(run.Results, sarifResult{
			Rule: f.Rule, Index: slices.IndexFunc(driver.Rules, func(r sarifRule) bool { return r.ID == f.Rule }), Level: f.Level,
			Message:   sarifText{f.Object + ": " + f.what() + "; " + f.Fix},
			Locations: []sarifLocation{{physical, []sarifLogical{{object, "object"}}}},
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(sarifLog{sarifSchema, "2.1.0", []sarifRun{run}})
}

// byDefault returns the configuration of a rule of a level.
func byDefault(l Level) sarifDefault {
	if l == settings.Off {
		return sarifDefault{Level: "none"}
	}
	return sarifDefault{true, l}
}

// uri returns the reference to a file, relative if the file is.
func uri(file string) string {
	u := url.URL{Path: slashed(file)}
	return u.String()
}

// plain takes the code marks out of a statement.
func plain(s string) string { return strings.ReplaceAll(s, "`", "") }
