// Package eventpage describes the events of a stack on a page for people.
package eventpage

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"text/template"
	"time"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

//go:embed page.md.tmpl
var text string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"deadLetters": rules.DeadLetterTopic,
	"variable":    func(typ string) string { return "EVENT_" + config.VariableName(typ) + "_URL" },
	"span":        span,
	"schema": func(schema map[string]any) (string, error) {
		text, err := json.MarshalIndent(schema, "", "  ")
		return string(text), err
	},
}).Parse(text))

// Write writes the page of a stack's catalogue (E-08) in Markdown.
func Write(w io.Writer, stack *config.Stack) error {
	pubSubs := map[string]config.PubSub{}
	for _, p := range stack.PubSubs {
		pubSubs[p.Name] = p
	}
	if err := page.Execute(w, struct {
		*config.Stack
		Of map[string]config.PubSub
	}{stack, pubSubs}); err != nil {
		return fmt.Errorf("writing the page of the events: %w", err)
	}
	return nil
}

// span formats a duration for people: in days, if it has whole ones.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d > 0 && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	default:
		return d.String()
	}
}
