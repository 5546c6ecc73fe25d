package browser

import (
	"fmt"

	"github.com/chromedp/chromedp/kb"
)

// Journey does everything that the page offers with the mouse, on a task with
// that title, and sees each step in the list and, without reloading, in the
// feed. It leaves no task behind.
func (p *Page) Journey(title string) error {
	another := title + ", again"
	return steps(
		func() error { return p.Add(title) },
		func() error { return p.SeeTask(title, "open") },
		func() error { return p.SeeActivity("Added “" + title + "”") },
		func() error { return p.Edit(title, another) },
		func() error { return p.SeeTask(another, "open") },
		func() error { return p.SeeActivity("Renamed “" + title + "” to “" + another + "”") },
		func() error { return p.Complete(another) },
		func() error { return p.SeeTask(another, "completed") },
		func() error { return p.SeeActivity("Completed “" + another + "”") },
		func() error { return p.Delete(another) },
		func() error { return p.SeeNoTask(another) },
		func() error { return p.SeeActivity("Deleted “" + another + "”") },
		p.SeeNoProblem,
	)
}

// KeyboardJourney does the same with the keyboard alone, and checks that every
// control has an accessible name.
func (p *Page) KeyboardJourney(title string) error {
	another := title + ", again"
	return steps(
		func() error { return p.tabTo("New task") },
		func() error { return p.press(title, kb.Enter) },
		func() error { return p.SeeTask(title, "open") },
		p.allNamed,
		func() error { return p.tabTo("Edit “" + title + "”") },
		func() error { return p.press(kb.Enter) },
		func() error { return p.press(kb.Escape) }, // nothing changes
		func() error { return p.tabTo("Edit “" + title + "”") },
		func() error { return p.press(kb.Enter) },
		func() error { return p.tabTo("New title") },
		p.allNamed,
		func() error { return p.press(kb.End, ", again", kb.Enter) },
		func() error { return p.SeeTask(another, "open") },
		func() error { return p.tabTo("Complete “" + another + "”") },
		func() error { return p.press(" ") },
		func() error { return p.SeeTask(another, "completed") },
		func() error { return p.tabTo("Delete “" + another + "”") },
		func() error { return p.press(kb.Enter) },
		func() error { return p.SeeNoTask(another) },
		func() error { return p.SeeActivity("Deleted “" + another + "”") },
	)
}

func (p *Page) allNamed() error {
	unnamed, err := p.Unnamed()
	if err == nil && len(unnamed) > 0 {
		err = fmt.Errorf("a screen reader cannot name: %v", unnamed)
	}
	return err
}

func steps(do ...func() error) error {
	for _, step := range do {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
