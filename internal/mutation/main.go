// Command mutation changes the code of the rules, the configuration and the
// contracts in one place at a time and checks whether a test notices (make
// mutation). It lists the changes that no test notices, and fails if there are
// too many.
//
// The usual tools leave out the conditions of a switch, which are not part of
// any coverage block, and much of these packages consists of such conditions.
// No file is written: each mutant is compiled from an overlay.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"time"
)

// targets are the packages that are changed, each with the tests that have to
// notice, the closest first.
var targets = []struct {
	dir   string
	tests []string
}{
	{"config/rules", []string{"./config/rules", "./config", "./policy/...", "./contracts/..."}},
	{"config", []string{"./config", "./stacks", "./internal/docgen"}},
	{"contracts", []string{"./contracts/...", "./examples/todo/..."}},
}

func main() {
	only := flag.String("only", "", "change only places whose file:line matches this regular expression")
	least := flag.Float64("least", 95, "the percentage of mutants that tests must notice")
	list := flag.Bool("list", false, "list the changes without making them")
	flag.Parse()
	if err := run(*only, *least, *list); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

func run(only string, least float64, list bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	place, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	start, killed, lived := time.Now(), 0, 0
	for _, t := range targets {
		all, err := mutantsOf(t.dir)
		if err != nil {
			return err
		}
		for i, m := range all {
			if !place.MatchString(m.place()) {
				continue
			}
			if list {
				fmt.Println(m)
				continue
			}
			outcome, err := m.test(ctx, t.tests)
			if err != nil {
				return err
			}
			switch outcome {
			case noticed:
				killed++
			case unnoticed:
				lived++
				fmt.Println("unnoticed:", m)
			case invalid:
			}
			if (i+1)%50 == 0 {
				fmt.Printf("%7.1fs  %s: %d of %d places changed\n", time.Since(start).Seconds(), t.dir, i+1, len(all))
			}
		}
	}
	if killed+lived == 0 {
		return nil
	}
	score := 100 * float64(killed) / float64(killed+lived)
	fmt.Printf("%d of %d changes were noticed: %.1f %%, in %s\n", killed, killed+lived, score, time.Since(start).Round(time.Second))
	if score < least {
		return fmt.Errorf("at least %.0f %% must be noticed: write tests for the changes above", least)
	}
	return nil
}
