package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/daprstack/daprstack/local/images"
)

// Load imports images into the running node from archives, as docker save, ko or
// skopeo write them. It replaces images of the same name; pods that run the old
// one keep it.
func Load(ctx context.Context, o Options, archives ...string) error {
	l := o.layout()
	if _, err := os.Stat(l.containerdSock()); err != nil {
		return errors.New("the local node is not up; run: daprstack local up")
	}
	store, err := l.store()
	if err != nil {
		return err
	}
	for _, archive := range archives {
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
