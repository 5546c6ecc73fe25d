//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local/images"
)

// Load imports images into the running node, each from an archive, as docker save,
// ko or skopeo write it, or from a static program, given as image=program. It
// replaces images of the same name; pods that run the old one keep it.
func Load(ctx context.Context, o Options, sources ...string) error {
	l := o.layout()
	if _, err := os.Stat(l.containerdSock()); err != nil {
		return errors.New("the local node is not up; run: daprstack local up")
	}
	store, err := l.store()
	if err != nil {
		return err
	}
	for _, archive := range sources {
		if image, program, ok := strings.Cut(archive, "="); ok {
			if err := loadProgram(ctx, store, o.Report, image, program); err != nil {
				return err
			}
			continue
		}
		step := o.Report.Start("loading %s", archive)
		names, err := importFile(ctx, store, archive)
		if err != nil {
			return step.Fail(fmt.Errorf("loading %s: %w", archive, err))
		}
		step.Done()
		if len(names) == 0 {
			o.Report.Say("the node has its images already")
			continue
		}
		o.Report.Say("loaded %s", strings.Join(names, ", "))
	}
	return nil
}

// loadProgram imports the image of a static program.
func loadProgram(ctx context.Context, store images.Store, report *progress.Reporter, image, program string) error {
	built, err := images.OfProgram(image, program)
	if err != nil {
		return err
	}
	if err := store.Load(ctx, report, []images.Image{built}); err != nil {
		return err
	}
	report.Say("the node has %s", built.Name)
	return nil
}

func importFile(ctx context.Context, store images.Store, archive string) ([]string, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return store.Import(ctx, f)
}

// store returns the node's image store.
func (l layout) store() (images.Store, error) {
	ctr, err := findProgram("ctr")
	if err != nil {
		return images.Store{}, err
	}
	return images.Store{Socket: l.containerdSock(), Marks: l.imported(), Ctr: ctr}, nil
}
