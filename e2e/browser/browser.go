// Package browser uses the page of the reference applications as a person does:
// in a real, headless Chromium, with the mouse or with the keyboard alone.
//
// It needs Chromium on PATH (on Debian: apt-get install chromium).
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience limits every step and every wait.
const patience = 30 * time.Second

// A Page is the page in a browser of its own.
type Page struct {
	ctx   context.Context
	close context.CancelFunc
}

// Open starts a browser with an empty profile, opens the page at address and
// waits until it shows the tasks or an error. The browser ends on Close or when
// ctx ends.
func Open(ctx context.Context, address string) (*Page, error) {
	program, err := chromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses root otherwise
	}
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancel := chromedp.NewContext(ctx)
	p := &Page{ctx: ctx, close: func() { cancel(); end() }}

	// The first Run starts the browser, which lives as long as its context.
	if err := chromedp.Run(ctx); err != nil {
		p.Close()
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	if err := p.do("opening "+address, chromedp.EmulateViewport(1200, 800), chromedp.Navigate(address)); err != nil {
		p.Close()
		return nil, err
	}
	if err := p.wait("the page to be live", `() => document.querySelector("#tasks").ariaBusy === "false" || !document.querySelector("#problem").hidden`); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium on PATH; on Debian: apt-get install --no-install-recommends chromium")
}

// Close ends the browser.
func (p *Page) Close() { p.close() }

// Add adds a task.
func (p *Page) Add(title string) error {
	return p.do("adding "+title,
		chromedp.SendKeys("#title", title),
		chromedp.Click("#add button"),
	)
}

// Edit changes the title of a task.
func (p *Page) Edit(title, another string) error {
	const field = "#tasks form input"
	return p.do("editing "+title,
		chromedp.Click(button("Edit", title)),
		chromedp.Clear(field),
		chromedp.SendKeys(field, another),
		chromedp.Click("#tasks form button[type=submit]"),
	)
}

// Complete completes a task.
func (p *Page) Complete(title string) error {
	return p.do("completing "+title, chromedp.Click(button("Complete", title)))
}

// Delete deletes a task.
func (p *Page) Delete(title string) error {
	return p.do("deleting "+title, chromedp.Click(button("Delete", title)))
}

// button returns the selector of a task's button, by its accessible name.
func button(action, title string) string {
	return `#tasks button[aria-label="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(action+" “"+title+"”") + `"]`
}

// SeeTask waits for a task in a state: open or completed.
func (p *Page) SeeTask(title, state string) error {
	return p.wait("the "+state+" task "+title, `(title, state) => [...document.querySelectorAll("#tasks > li")].some((row) =>
		row.querySelector(".name").textContent === title && row.querySelector(".state").textContent === state)`, title, state)
}

// SeeNoTask waits until there is no task with that title.
func (p *Page) SeeNoTask(title string) error {
	return p.wait("the task "+title+" to be gone", `(title) => ![...document.querySelectorAll("#tasks .name")].some((name) => name.textContent === title)`, title)
}

// SeeActivity waits for a line in the feed, such as: Added “Buy milk”.
func (p *Page) SeeActivity(line string) error {
	return p.wait("the activity "+line, `(line) => [...document.querySelectorAll("#feed .text")].some((text) => text.textContent === line)`, line)
}

// SeeProblem waits until the page shows an alert that contains part.
func (p *Page) SeeProblem(part string) error {
	return p.wait("a problem with: "+part, `(part) => [...document.querySelectorAll("[role=alert]")].some((box) => !box.hidden && box.textContent.includes(part))`, part)
}

// SeeNoProblem waits until the page shows no alert.
func (p *Page) SeeNoProblem() error {
	return p.wait("all problems to be gone", `() => [...document.querySelectorAll("[role=alert]")].every((box) => box.hidden)`)
}

// Screenshot writes a screenshot of the page to a PNG file.
func (p *Page) Screenshot(path string) error {
	var png []byte
	if err := p.do("taking a screenshot", chromedp.CaptureScreenshot(&png)); err != nil {
		return err
	}
	return os.WriteFile(path, png, 0o644)
}

// Dark switches the page to dark or light colors.
func (p *Page) Dark(dark bool) error {
	scheme := emulation.MediaFeature{Name: "prefers-color-scheme", Value: "light"}
	if dark {
		scheme.Value = "dark"
	}
	return p.do("changing colors", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{&scheme}))
}

// Narrow shows the page as on a phone.
func (p *Page) Narrow() error {
	return p.do("narrowing", chromedp.EmulateViewport(390, 800, chromedp.EmulateScale(2)))
}

// fits returns an error if the page is wider than the window.
func (p *Page) fits() error {
	return p.wait("the page to fit", `() => document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
}

// Unnamed returns the roles of elements without an accessible name.
func (p *Page) Unnamed() (found []string, err error) {
	// Only the parts of the accessibility tree that are needed. The types of
	// cdproto know every part and fail on those that a newer Chromium adds.
	var tree struct {
		Nodes []struct {
			Ignored bool `json:"ignored"`
			Role    struct {
				Value any `json:"value"`
			} `json:"role"`
			Name struct {
				Value any `json:"value"`
			} `json:"name"`
		} `json:"nodes"`
	}
	err = p.do("reading the accessibility tree", chromedp.ActionFunc(func(ctx context.Context) error {
		return cdp.Execute(ctx, accessibility.CommandGetFullAXTree, nil, &tree)
	}))
	for _, node := range tree.Nodes {
		name, _ := node.Name.Value.(string)
		switch role, _ := node.Role.Value.(string); role {
		case "button", "textbox", "link", "region", "heading":
			if !node.Ignored && strings.TrimSpace(name) == "" {
				found = append(found, role)
			}
		}
	}
	return found, err
}

// press sends keys to the focused element.
func (p *Page) press(keys ...string) error {
	for _, key := range keys {
		if err := p.do("pressing a key", chromedp.KeyEvent(key)); err != nil {
			return err
		}
	}
	return nil
}

// tabTo presses Tab until the control with that name has the focus.
func (p *Page) tabTo(name string) error {
	for range 100 {
		var focused string
		err := p.do("looking for the focus", chromedp.Evaluate(`(() => {
			const e = document.activeElement;
			return e.ariaLabel ?? e.labels?.[0]?.textContent ?? e.textContent;
		})()`, &focused))
		if err != nil {
			return err
		}
		if strings.TrimSpace(focused) == name {
			return nil
		}
		if err := p.press(kb.Tab); err != nil {
			return err
		}
	}
	return p.explain("Tab does not reach "+name, errors.New("not among the first 100 stops"))
}

// do runs actions within patience.
func (p *Page) do(what string, actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		return p.explain(what, err)
	}
	return nil
}

// wait waits until a function of the page returns true.
func (p *Page) wait(what, function string, args ...any) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience+5*time.Second)
	defer cancel()
	err := chromedp.Run(ctx, chromedp.PollFunction(function, nil,
		chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(patience), chromedp.WithPollingArgs(args...)))
	if err != nil {
		return p.explain("waiting for "+what, err)
	}
	return nil
}

// explain adds the text of the page to an error.
func (p *Page) explain(what string, err error) error {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	var shown string
	if chromedp.Run(ctx, chromedp.Evaluate(`document.body?.innerText ?? ""`, &shown)) != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w; the page shows:\n%s", what, err, shown)
}
