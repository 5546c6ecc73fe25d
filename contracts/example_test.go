package contracts_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/daprstack/daprstack/contracts"
)

// A publisher creates an event of the catalogue and sends it to the address in
// EVENT_TASK_CREATED_URL.
func ExampleNewEvent() {
	event, err := contracts.NewEvent(contracts.TaskCreated{
		TaskID: 123, UserID: 456, Title: "Buy milk", CreatedAt: time.Date(2026, 2, 8, 12, 0, 0, 0, time.UTC),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.Type(), event.Source(), event.DataContentType())
	fmt.Println(string(event.Data()))

	request, err := contracts.PublishRequest(context.Background(), "http://localhost:3500/v1.0/publish/pubsub/task.created", event)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(request.Method, request.URL, request.Header.Get("Content-Type"))
	// Output:
	// task.created /backend/tasks application/json
	// {"task_id":123,"user_id":456,"title":"Buy milk","created_at":"2026-02-08T12:00:00Z"}
	// POST http://localhost:3500/v1.0/publish/pubsub/task.created application/cloudevents+json
}

// A subscriber parses what is posted to it; all problems are reported at once.
func ExampleParseEvent() {
	_, err := contracts.ParseEvent([]byte(`{"specversion":"1.0","type":"com.dapr.event.sent","source":"backend-app","id":"1"}`))
	var problems contracts.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Println(p.Reason.Rule, p.Field)
		}
	}
	// Output:
	// E-11 type
	// E-03 source
	// E-07 data
}

func ExampleDataAs() {
	event, err := contracts.ParseEvent([]byte(`{"specversion":"1.0","type":"task.deleted","source":"/backend/tasks","id":"1",
		"data":{"task_id":123,"user_id":456,"deleted_at":"2026-02-08T12:00:00Z"}}`))
	if err != nil {
		log.Fatal(err)
	}
	deleted, err := contracts.DataAs[contracts.TaskDeleted](event)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(deleted.TaskID, deleted.DeletedAt.Year())
	// Output: 123 2026
}

// OrderPlaced is an event of an application's own catalogue.
type OrderPlaced struct {
	OrderID string `json:"order_id"`
}

// Event names the event that OrderPlaced belongs to.
func (OrderPlaced) Event() contracts.EventType {
	return contracts.EventType{Type: "shop.order.placed", Source: "/shop/orders", Trigger: "POST /orders"}
}

// Check validates the data; here, anything is valid.
func (OrderPlaced) Check() contracts.Problems { return nil }

func ExamplePayload() {
	event, err := contracts.NewEvent(OrderPlaced{OrderID: "o-1"})
	fmt.Println(event.Type(), event.Source(), err)
	// Output: shop.order.placed /shop/orders <nil>
}

// The lifetime comes with the key.
func ExampleChatSession() {
	key, err := contracts.ChatSession("123")
	fmt.Println(key, key.Lifetime(), err)
	// Output: chat:session:123 1h0m0s <nil>
}

// A read-modify-write that loses against another one is refused with 409 and
// starts again from the read.
func ExampleSaveRequest() {
	ctx := context.Background()
	store, err := contracts.StateURL("statestore")
	if err != nil {
		log.Fatal(err)
	}
	key, err := contracts.CachedTasks("123")
	if err != nil {
		log.Fatal(err)
	}
	read, err := contracts.GetRequest(ctx, store, key, contracts.Strong)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(read.Method, read.URL)

	etag := "7" // from the ETag header of the answer
	write, err := contracts.SaveRequest(ctx, store, contracts.Entry{
		Key: key, Value: []string{"Buy milk"}, ETag: etag, Concurrency: contracts.FirstWrite,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(write.Method, write.URL)
	// Output:
	// GET http://localhost:3500/v1.0/state/statestore/cache%3Atasks%3A123?consistency=strong
	// POST http://localhost:3500/v1.0/state/statestore
}

func ExampleInvokeURL() {
	fmt.Println(contracts.InvokeURL("backend-app", "/tasks"))
	// Output: http://localhost:3500/v1.0/invoke/backend-app/method/tasks <nil>
}

// Headers and query are set on the request as on any other.
func ExampleInvokeRequest() {
	backend := "http://localhost:3500/v1.0/invoke/backend-app/method" // BACKEND_URL
	request, err := contracts.InvokeRequest(context.Background(), backend, http.MethodPatch, "/tasks/123/complete", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.URL.RawQuery = "user_id=456"
	request.Header.Set("Authorization", "Bearer …")
	fmt.Println(request.Method, request.URL)

	_, err = contracts.InvokeRequest(context.Background(), backend, "patch", "/../other-app", nil)
	fmt.Println(err)
	// Output:
	// PATCH http://localhost:3500/v1.0/invoke/backend-app/method/tasks/123/complete?user_id=456
	// building an invocation: method: "patch" [I-03]: must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT; path: "/../other-app" [I-02]: must be a path that arrives unchanged: no empty or dot segments, no trailing slash, no escaped / ? # % or control characters
}
