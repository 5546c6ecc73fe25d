package check

// Alone checks one object by itself.
func Alone(o Object) []Finding {
	var found findings
	misplaced(o, &found)
	fields(o, &found)
	switch o.Kind {
	case "Component":
		component(o, &found)
	case "Configuration":
		configuration(o, &found)
	case "Subscription":
		subscription(o, &found)
	case "Resiliency":
		resiliency(o, &found)
	}
	if s, ok := sidecarOf(o); ok {
		s.check(&found)
	}
	return found
}
