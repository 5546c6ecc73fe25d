package contracts

import (
	"context"
	"net/http"

	"github.com/cloudevents/sdk-go/v2/event"
)

// PublishRequest builds the request that publishes e at topicURL, such as
// EVENT_TASK_CREATED_URL, which is a topic or a subscriber's own address. The
// event keeps its type and source.
func PublishRequest(ctx context.Context, topicURL string, e event.Event) (*http.Request, error) {
	if err := join(CheckURL(topicURL), CheckEvent(e)).err("publishing event %q", shorten(e.ID())); err != nil {
		return nil, err
	}
	body, err := EncodeEvent(e)
	if err != nil {
		return nil, err
	}
	return newRequest(ctx, http.MethodPost, topicURL, EventContentType, body)
}

// A Status is a subscriber's response to an event (E-09), as {"status": …}.
type Status string

// The statuses that Dapr knows. A response other than 2xx counts as Retry,
// except 404, which counts as Drop.
const (
	Success Status = "SUCCESS" // handled, now or before
	Retry   Status = "RETRY"   // deliver again; after maxRetries to the dead-letter topic
	Drop    Status = "DROP"    // never deliver again
)

// A Reply is the body of a subscriber's response.
type Reply struct {
	Status Status `json:"status"`
}
