package rulestest

import "github.com/daprstack/daprstack/config/rules"

func eventCases() []Case {
	const form = "must be lower-case {entity}.{action} or {domain}.{entity}.{action}"
	created := func(topic any) []Object {
		return on("Subscription", "pubsub.task.created.activity-app", Edit{"spec.topic", topic})
	}
	cases := []Case{{
		Rule: "E-08", Name: "no topic",
		Check: func() []rules.Reason { return rules.TopicName("") }, Allowed: "is required",
		Stack: edits("events[0].type", nil), Path: "events[0].type",
	}, {
		Rule: "E-02", Name: "no event type",
		Check: func() []rules.Reason { return rules.EventType("") }, Allowed: "is required",
		Objects: created(nil),
	}}
	for name, bad := range map[string]string{
		"one part": "created", "four parts": "a.b.c.d", "capitals": "Task.Created", "an empty part": "task.",
		"an underscore": "task.was_created", "a slash": "task/created", "a space": "task. created", "a star": "task.*",
	} {
		cases = append(cases, Case{
			Rule: "E-02", Name: "event type with " + name,
			Check: func() []rules.Reason { return rules.EventType(bad) }, Allowed: form,
			Objects: created(bad),
		})
	}
	for name, bad := range map[string]string{
		"a space": "task created", "a comma": "a,b", "an equals sign": "a=b", "a semicolon": "a;b", "braces": "{namespace}", "a dot last": "task.",
	} {
		cases = append(cases, Case{
			Rule: "E-08", Name: "topic with " + name,
			Check:   func() []rules.Reason { return rules.TopicName(bad) },
			Allowed: "must be letters, digits and . _ - : /, starting and ending with a letter or digit, at most 200 characters",
			Stack:   edits("events[0].type", bad), Path: "events[0].type", Value: `"` + bad + `"`,
		})
	}
	return cases
}
