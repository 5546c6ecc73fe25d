package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// unreleased is the heading of what the next release will have.
const unreleased = "## Unreleased"

var (
	version = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	heading = regexp.MustCompile(`(?m)^## .*$`)
	part    = regexp.MustCompile(`(?m)^### .*$`)
)

// cut returns the changelog in which what was unreleased is the section of a version:
//
//	## v1.2.3 (2026-12-24)
func cut(log, v string, day time.Time) (string, error) {
	if !version.MatchString(v) {
		return "", fmt.Errorf("%q is not a version: must be as v1.2.3", v)
	}
	if _, found := section(log, "## "+v); found {
		return "", fmt.Errorf("the changelog has a section for %s already", v)
	}
	content, found := section(log, unreleased)
	switch {
	case !found:
		return "", errors.New("the changelog has no section " + unreleased)
	case isEmpty(content):
		return "", errors.New("nothing is unreleased")
	}
	return strings.Replace(log, unreleased+"\n", fmt.Sprintf("%s\n\n## %s (%s)\n", unreleased, v, day.Format(time.DateOnly)), 1), nil
}

// notes returns the section of a version, without its heading.
func notes(log, v string) (string, error) {
	content, found := section(log, "## "+v)
	switch {
	case !found:
		return "", fmt.Errorf("the changelog has no section for %s: make cut VERSION=%[1]s makes it of what is unreleased", v)
	case isEmpty(content):
		return "", fmt.Errorf("the changelog says nothing about %s", v)
	}
	return content + "\n", nil
}

// section returns the text below a heading, up to the next one of its level. A date
// may follow the heading.
func section(log, title string) (content string, found bool) {
	headings := heading.FindAllStringIndex(log, -1)
	for i, at := range headings {
		text := log[at[0]:at[1]]
		if text != title && !strings.HasPrefix(text, title+" ") {
			continue
		}
		end := len(log)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		return strings.TrimSpace(log[at[1]:end]), true
	}
	return "", false
}

// isEmpty reports whether a section has nothing but the headings of its parts.
func isEmpty(content string) bool {
	return strings.TrimSpace(part.ReplaceAllString(content, "")) == ""
}
