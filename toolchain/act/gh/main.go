// Command gh stands in for GitHub's CLI: it keeps the comments and issues of one
// repository in the file $GH_FILE. It knows what .github/scripts asks for.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// repository is what there is on GitHub.
type repository struct {
	Comments []comment `json:"comments"`
	Issues   []issue   `json:"issues"`
}

type comment struct {
	ID    int    `json:"id"`
	Issue string `json:"issue"`
	Body  string `json:"body"`
	Edits int    `json:"edits"`
}

type issue struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	Body   string `json:"body"`
	State  string `json:"state"`
	Edits  int    `json:"edits"`
}

func main() {
	log.SetFlags(0)
	var repo repository
	content, err := os.ReadFile(os.Getenv("GH_FILE"))
	if err == nil {
		err = json.Unmarshal(content, &repo)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		log.Fatal(err)
	}
	words, flags := parse(os.Args[1:])
	if err := repo.run(words, flags); err != nil {
		log.Fatal(err)
	}
	content, err = json.MarshalIndent(repo, "", "  ")
	if err == nil {
		err = os.WriteFile(os.Getenv("GH_FILE"), content, 0o600)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// parse splits arguments into words and flags. All flags but --paginate have a
// value.
func parse(args []string) (words []string, flags map[string]string) {
	flags = map[string]string{}
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "--")
		switch {
		case !isFlag:
			words = append(words, args[i])
		case name == "paginate":
		default:
			i++
			flags[name] = args[i]
		}
	}
	return words, flags
}

func (r *repository) run(words []string, flags map[string]string) error {
	at := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch path := strings.Split(at(1), "/"); {
	case at(0) == "api" && flags["method"] == "PATCH": // repos/o/r/issues/comments/ID
		for i := range r.Comments {
			if strconv.Itoa(r.Comments[i].ID) == path[5] {
				r.Comments[i].Edits++
				return readField(flags["field"], &r.Comments[i].Body)
			}
		}
		return errors.New("HTTP 404")
	case at(0) == "api" && flags["method"] == "POST": // repos/o/r/issues/N/comments
		r.Comments = append(r.Comments, comment{ID: 100 + len(r.Comments), Issue: path[4]})
		return readField(flags["field"], &r.Comments[len(r.Comments)-1].Body)
	case at(0) == "api":
		return query(r.Comments, flags["jq"])
	case at(0) == "issue" && at(1) == "list":
		var open []issue
		for _, i := range r.Issues {
			if i.State == "open" {
				open = append(open, i)
			}
		}
		return query(open, flags["jq"])
	case at(0) == "issue" && at(1) == "create":
		r.Issues = append(r.Issues, issue{Number: len(r.Issues) + 1, Title: flags["title"], State: "open"})
		return readFile(flags["body-file"], &r.Issues[len(r.Issues)-1].Body)
	case at(0) == "issue":
		for i := range r.Issues {
			if strconv.Itoa(r.Issues[i].Number) != at(2) {
				continue
			}
			if at(1) == "close" {
				r.Issues[i].State = "closed"
				return nil
			}
			r.Issues[i].Edits++
			return readFile(flags["body-file"], &r.Issues[i].Body)
		}
	}
	return fmt.Errorf("gh %s: not known here", strings.Join(words, " "))
}

// readField reads a field body=@file.
func readField(field string, into *string) error {
	return readFile(strings.TrimPrefix(field, "body=@"), into)
}

func readFile(path string, into *string) error {
	content, err := os.ReadFile(path)
	*into = string(content)
	return err
}

// query prints what a jq expression makes of a value, as gh does.
func query(value any, expression string) error {
	parsed, err := gojq.Parse(expression)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		return err
	}
	if plain == nil {
		plain = []any{}
	}
	results := parsed.Run(plain)
	for v, more := results.Next(); more; v, more = results.Next() {
		if err, failed := v.(error); failed {
			return err
		}
		fmt.Println(v)
	}
	return nil
}
