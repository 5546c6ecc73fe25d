package contracts

import (
	"strings"
	"time"
)

// An EventType is one entry of the catalogue (E-08). The topic has the same
// name as the type.
type EventType struct {
	Type    string // E-02: "task.created"
	Source  string // E-03: "/backend/tasks"
	Trigger string // what causes it: "POST /tasks"
}

// A Payload is the data of an event and knows which event it belongs to. To add
// an event to its own catalogue, an application implements Payload.
type Payload interface {
	// Event returns the catalogue entry; it does not depend on the value.
	Event() EventType
	// Check validates the data against its schema (E-08). The problems have the
	// JSON names of the fields.
	Check() Problems
}

// Catalogue returns a zero value for each event of the data model, sorted by
// type.
func Catalogue() []Payload {
	return []Payload{TaskCompleted{}, TaskCreated{}, TaskDeleted{}, TaskUpdated{}}
}

func taskEvent(action, trigger string) EventType {
	return EventType{Type: "task." + action, Source: "/backend/tasks", Trigger: trigger}
}

// TaskCreated is the data of task.created.
type TaskCreated struct {
	TaskID    int64     `json:"task_id" jsonschema:"minimum=1"`
	UserID    int64     `json:"user_id" jsonschema:"minimum=1"`
	Title     string    `json:"title" jsonschema:"pattern=\\S"`
	CreatedAt time.Time `json:"created_at"`
}

// Event implements [Payload].
func (TaskCreated) Event() EventType { return taskEvent("created", "POST /tasks") }

// Check implements [Payload].
func (t TaskCreated) Check() Problems {
	return join(positive("task_id", t.TaskID), positive("user_id", t.UserID), notBlank("title", t.Title), notZero("created_at", t.CreatedAt))
}

// TaskUpdated is the data of task.updated.
type TaskUpdated struct {
	TaskID        int64         `json:"task_id" jsonschema:"minimum=1"`
	UserID        int64         `json:"user_id" jsonschema:"minimum=1"`
	UpdatedFields UpdatedFields `json:"updated_fields"`
}

// UpdatedFields holds the changed fields of a task with their new values; at
// least one is set.
type UpdatedFields struct {
	Title *string `json:"title,omitempty" jsonschema:"anyof_required=title,pattern=\\S"`
}

// Event implements [Payload].
func (TaskUpdated) Event() EventType { return taskEvent("updated", "PUT /tasks/{id}") }

// Check implements [Payload].
func (t TaskUpdated) Check() Problems {
	ps := join(positive("task_id", t.TaskID), positive("user_id", t.UserID))
	if t.UpdatedFields == (UpdatedFields{}) {
		ps.add("updated_fields", "", broken("E-08", "must name at least one field"))
		return ps
	}
	return join(ps, notBlank("updated_fields.title", *t.UpdatedFields.Title))
}

// TaskDeleted is the data of task.deleted.
type TaskDeleted struct {
	TaskID    int64     `json:"task_id" jsonschema:"minimum=1"`
	UserID    int64     `json:"user_id" jsonschema:"minimum=1"`
	DeletedAt time.Time `json:"deleted_at"`
}

// Event implements [Payload].
func (TaskDeleted) Event() EventType { return taskEvent("deleted", "DELETE /tasks/{id}") }

// Check implements [Payload].
func (t TaskDeleted) Check() Problems {
	return join(positive("task_id", t.TaskID), positive("user_id", t.UserID), notZero("deleted_at", t.DeletedAt))
}

// TaskCompleted is the data of task.completed.
type TaskCompleted struct {
	TaskID      int64     `json:"task_id" jsonschema:"minimum=1"`
	UserID      int64     `json:"user_id" jsonschema:"minimum=1"`
	CompletedAt time.Time `json:"completed_at"`
}

// Event implements [Payload].
func (TaskCompleted) Event() EventType { return taskEvent("completed", "PATCH /tasks/{id}/complete") }

// Check implements [Payload].
func (t TaskCompleted) Check() Problems {
	return join(positive("task_id", t.TaskID), positive("user_id", t.UserID), notZero("completed_at", t.CompletedAt))
}

// The checks repeat in Go what the jsonschema tags say. A test of package schema
// keeps the two in step.

func positive(field string, id int64) (ps Problems) {
	if id < 1 {
		ps.add(field, "", broken("E-08", "is required, 1 or more"))
	}
	return ps
}

func notBlank(field, text string) (ps Problems) {
	if strings.TrimSpace(text) == "" {
		ps.add(field, "", broken("E-08", "is required and not blank"))
	}
	return ps
}

func notZero(field string, at time.Time) (ps Problems) {
	if at.IsZero() {
		ps.add(field, "", broken("E-08", "is required, RFC 3339"))
	}
	return ps
}
