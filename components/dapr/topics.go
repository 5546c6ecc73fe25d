package dapr

import (
	"maps"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// A Topic is one event type on a pub/sub: who may publish it and who receives
// it.
type Topic struct {
	Name        string   // the event's type
	Publishers  []string // app-ids
	Subscribers []string // app-ids
}

// topicScopes returns the metadata items that let each app publish and subscribe
// to its own topics only. Dapr publishes a dead letter in the name of the
// subscriber, so the subscriber must be allowed to.
func topicScopes(topics []Topic) []Item {
	var all []string
	publish, subscribe := map[string][]string{}, map[string][]string{}
	for _, t := range topics {
		all = append(all, t.Name)
		for _, app := range t.Publishers {
			publish[app] = append(publish[app], t.Name)
		}
		for _, app := range t.Subscribers {
			dead := rules.DeadLetterTopic(t.Name, app)
			all = append(all, dead)
			publish[app] = append(publish[app], dead)
			subscribe[app] = append(subscribe[app], t.Name)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	topicList := strings.Join(slices.Compact(all), ",")
	return []Item{
		Value("allowedTopics", topicList),
		// Protected: an app that is named in neither scope may do nothing.
		Value("protectedTopics", topicList),
		Value("publishingScopes", scopeList(publish)),
		Value("subscriptionScopes", scopeList(subscribe)),
	}
}

// scopeList renders "app=topic,topic;app=topic", in the order of the names.
func scopeList(topics map[string][]string) string {
	var apps []string
	for _, app := range slices.Sorted(maps.Keys(topics)) {
		apps = append(apps, app+"="+strings.Join(slices.Sorted(slices.Values(topics[app])), ","))
	}
	return strings.Join(apps, ";")
}
