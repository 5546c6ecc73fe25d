package changes

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/daprstack/daprstack/internal/render"
)

// places are the metadata of the Redis components that say where the data is; for
// other types any metadata may.
var places = map[string]bool{"redisHost": true, "redisDB": true, "keyPrefix": true, "redisType": true, "sentinelMasterName": true, "consumerID": true}

// limits are the metadata that say how long events are kept.
var limits = map[string]bool{"streamTTL": true, "maxLenApprox": true}

// risks says what the changed fields of an object mean for data.
func risks(old, o *render.Object, fields []Field) []string {
	var found []string
	if o.Owner == "Redis" && o.Kind() == "Deployment" {
		found = serverRisks(command(old), command(o))
	}
	var elsewhere []string // what says that the component is somewhere else
	for _, f := range fields {
		item, isItem := strings.CutPrefix(f.Path, "spec.metadata[")
		item, _, _ = strings.Cut(item, "]")
		switch {
		case o.Kind() == "PersistentVolumeClaim" && f.Path == "spec.resources.requests.storage":
			if smaller(f.From, f.To) {
				found = append(found, "a volume cannot shrink: the cluster refuses this")
			}
		case o.Kind() != "Component":
		case f.Path == "spec.type":
			elsewhere = append(elsewhere, "another type")
		case !isItem:
		case limits[item]:
			found = append(found, "events are kept by another "+item)
		case (places[item] || !strings.HasSuffix(componentType(o), ".redis")) && !slices.Contains(elsewhere, item):
			elsewhere = append(elsewhere, item)
		}
	}
	if len(elsewhere) > 0 {
		found = append(found, strings.Join(elsewhere, ", ")+": "+moved(o))
	}
	return found
}

// serverRisks says what another command line of the Redis in the cluster means.
func serverRisks(before, after []any) []string {
	var found []string
	if follows(before, "--appendfsync") == "always" && follows(after, "--appendfsync") != "always" {
		found = append(found, "the last second of writes can be lost in a crash")
	}
	if smaller(follows(before, "--maxmemory"), follows(after, "--maxmemory")) {
		found = append(found, "writes fail if Redis holds more than its new maxMemory")
	}
	return found
}

// command returns the command line of the first container of a Deployment.
func command(o *render.Object) []any {
	containers, _ := o.At("spec", "template", "spec", "containers").([]any)
	if len(containers) == 0 {
		return nil
	}
	container, _ := containers[0].(map[string]any)
	words, _ := container["command"].([]any)
	return words
}

// moved says what it means that a component reads and writes elsewhere.
func moved(o *render.Object) string {
	switch {
	case strings.HasPrefix(componentType(o), "state."):
		return "the apps may no longer find what they have stored; nothing is copied"
	case strings.HasPrefix(componentType(o), "pubsub."):
		return "events that are not handled yet may stay behind or be delivered again"
	default:
		return "the component may read and write elsewhere"
	}
}

func componentType(o *render.Object) string {
	s, _ := o.At("spec", "type").(string)
	return s
}

// smaller reports whether the second quantity is less than the first.
func smaller(from, to any) bool {
	a, err1 := resource.ParseQuantity(fmt.Sprint(from))
	b, err2 := resource.ParseQuantity(fmt.Sprint(to))
	return err1 == nil && err2 == nil && b.Cmp(a) < 0
}

// follows returns the word of a command line after another.
func follows(words []any, word string) any {
	for i := range len(words) - 1 {
		if words[i] == word {
			return words[i+1]
		}
	}
	return nil
}
