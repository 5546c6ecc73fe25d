package rules

import (
	"slices"
	"strconv"
	"strings"
)

// exactKeys are the keys whose case Dapr minds. It decodes all others whatever
// their case (dapr v1.18.2, pkg/runtime/processor/pubsub, pkg/runtime/pubsub/outbox.go
// and pkg/encryption; components-contrib v1.18.3, common/component/redis).
var exactKeys = []string{
	"consumerID", "redeliverInterval", "primaryEncryptionKey", "secondaryEncryptionKey",
	"outboxPublishPubsub", "outboxPublishTopic", "outboxPubsub", "outboxDiscardWhenMissingState",
}

// legacyKeys are keys that a stack file refuses, because there is a better way,
// and that Dapr reads all the same, by component type: redisPort as the port of an
// address that has none, idleCheckFrequency with a Redis before 7.
var legacyKeys = map[string][]string{
	StateRedis:  {"redisPort", "idleCheckFrequency", "maxRetries", "maxRetryBackoff"},
	PubSubRedis: {"redisPort", "idleCheckFrequency"},
}

// zeroOff are the keys that 0 switches off: with either of them a pub/sub never
// delivers a message again.
var zeroOff = []string{"processingTimeout", "redeliverInterval"}

// Normal returns an item of a Component object, whoever wrote it, in the one
// spelling that a stack file takes, for the rules to check. Dapr honours others
// too: a key in another case, True for true, a template that it fills in, 0 for
// off. It returns false for an item that Dapr honours as it is.
func Normal(componentType string, e MetadataEntry) (normal MetadataEntry, check bool) {
	known := Metadata(componentType)
	if _, ok := known[e.Name]; !ok {
		for name := range known {
			if strings.EqualFold(name, e.Name) && !slices.Contains(exactKeys, name) {
				e.Name = name
			}
		}
	}
	key := known[e.Name]
	if slices.Contains(legacyKeys[componentType], e.Name) || key.Sensitive && e.From == FromValue && !secretValue(e.Value) {
		return e, false
	}
	switch {
	case e.From != FromValue:
	case e.Value == "" && (key.Form == Text || key.Form == JSON):
		return e, false // the same as no item
	case Templated(e.Value), Placeholder(e.Value), e.Value == "0" && slices.Contains(zeroOff, e.Name):
		e.From, e.Value = FromLater, ""
	case key.Form == Truth:
		if on, err := strconv.ParseBool(e.Value); err == nil {
			e.Value = strconv.FormatBool(on)
		}
	}
	return e, true
}
