package lint

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

func isChart(folder string) bool {
	info, err := os.Stat(filepath.Join(folder, chartutil.ChartfileName))
	return err == nil && info.Mode().IsRegular()
}

// chart reads what a chart renders. One that was not named itself and needs
// values that it does not have is left out: it is no mistake of the chart's.
func (r *reader) chart(folder string, named bool) {
	r.charts++
	files, err := render(folder, r.values)
	switch {
	case err != nil && named:
		r.fail(fmt.Errorf("%s: the chart cannot be rendered: %w", folder, err))
		return
	case err != nil:
		r.skip(folder, fmt.Sprintf("the chart cannot be rendered with its own values: %v; lint it alone, with --values", err))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		objects, documents, err := parse(name, []byte(files[name]))
		if err != nil && !errors.Is(err, errNoManifest) {
			r.fail(err)
		}
		for _, o := range objects {
			o.Rendered, o.document.rendered, o.chart = true, true, folder
		}
		r.add(objects, documents)
	}
}

// render renders a chart with its own values and those of files, the last of
// which counts most, without asking a cluster anything. It returns the texts by
// the names of their templates.
func render(folder string, valueFiles []string) (map[string]string, error) {
	c, err := loader.LoadDir(folder)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, file := range valueFiles {
		more, err := chartutil.ReadValuesFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		values = chartutil.CoalesceTables(more.AsMap(), values)
	}
	if err := chartutil.ProcessDependenciesWithMerge(c, values); err != nil {
		return nil, err
	}
	release := chartutil.ReleaseOptions{Name: c.Name(), Namespace: "default", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(c, values, release, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	rendered, err := engine.Render(c, all)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, text := range rendered {
		if ext := path.Ext(name); ext == ".yaml" || ext == ".yml" || ext == ".json" {
			files[in(folder, c, name)] = text
		}
	}
	return files, nil
}

// in returns the path of a template, whose name begins with that of its chart.
func in(folder string, c *chart.Chart, name string) string {
	return filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(name, c.Name()+"/")))
}
