package tasks

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/daprstack/daprstack/contracts"
)

// The limits of one user's list. It is a single document, which must not grow
// forever, and events that cannot be published must not pile up unnoticed.
const (
	maxTasks   = 1000
	maxPending = 1000
	maxTitle   = 200 // characters
)

// A Task is one item of the todo list.
type Task struct {
	ID          int64      `json:"id"`
	Title       string     `json:"title"`
	Completed   bool       `json:"completed"`
	CreatedAt   time.Time  `json:"created_at"`
	CompletedAt *time.Time `json:"completed_at,omitempty"`
}

// A list is everything that is stored of one user: the tasks, and the events
// about their changes until they are published. Keeping both in one document
// ensures that there is no change without its event and no event without its
// change.
type list struct {
	LastID int64         `json:"last_id"`
	Tasks  []Task        `json:"tasks"`
	Outbox []event.Event `json:"outbox,omitempty"`
}

// A Refusal tells the user why a request cannot be done.
type Refusal struct {
	Status  int
	Message string
}

func (r *Refusal) Error() string { return r.Message }

func refuse(status int, format string, args ...any) error {
	return &Refusal{status, fmt.Sprintf(format, args...)}
}

// The methods below make one change each. The id is that of the change's event.

func (l *list) create(id string, user int64, title string, now time.Time) (Task, error) {
	title, err := checkTitle(title)
	if err != nil {
		return Task{}, err
	}
	if len(l.Tasks) >= maxTasks {
		return Task{}, refuse(http.StatusConflict, "there are already %d tasks: delete some first", maxTasks)
	}
	l.LastID++
	task := Task{ID: l.LastID, Title: title, CreatedAt: now}
	l.Tasks = append(l.Tasks, task)
	return task, l.announce(id, contracts.TaskCreated{TaskID: task.ID, UserID: user, Title: title, CreatedAt: now})
}

func (l *list) rename(id string, user, task int64, title string) (Task, error) {
	title, err := checkTitle(title)
	if err != nil {
		return Task{}, err
	}
	t, err := l.find(task)
	if err != nil {
		return Task{}, err
	}
	if t.Title == title {
		return *t, nil
	}
	t.Title = title
	return *t, l.announce(id, contracts.TaskUpdated{TaskID: task, UserID: user, UpdatedFields: contracts.UpdatedFields{Title: &title}})
}

func (l *list) complete(id string, user, task int64, now time.Time) (Task, error) {
	t, err := l.find(task)
	if err != nil {
		return Task{}, err
	}
	if t.Completed {
		return *t, nil
	}
	t.Completed, t.CompletedAt = true, &now
	return *t, l.announce(id, contracts.TaskCompleted{TaskID: task, UserID: user, CompletedAt: now})
}

func (l *list) delete(id string, user, task int64, now time.Time) (Task, error) {
	if _, err := l.find(task); err != nil {
		return Task{}, err
	}
	l.Tasks = slices.DeleteFunc(l.Tasks, func(t Task) bool { return t.ID == task })
	return Task{}, l.announce(id, contracts.TaskDeleted{TaskID: task, UserID: user, DeletedAt: now})
}

// made finds the task of a change that was already made. A write can succeed
// and its response be lost; a retry must not make the change twice.
func (l *list) made(id string) (Task, bool) {
	for _, e := range l.Outbox {
		if e.ID() == id {
			var about struct {
				TaskID int64 `json:"task_id"`
			}
			_ = e.DataAs(&about)
			if t, err := l.find(about.TaskID); err == nil {
				return *t, true
			}
			return Task{}, true // it was deleted
		}
	}
	return Task{}, false
}

func (l *list) find(id int64) (*Task, error) {
	for i := range l.Tasks {
		if l.Tasks[i].ID == id {
			return &l.Tasks[i], nil
		}
	}
	return nil, refuse(http.StatusNotFound, "there is no task %d", id)
}

// announce adds the event of a change to the outbox.
func (l *list) announce(id string, data contracts.Payload) error {
	if len(l.Outbox) >= maxPending {
		return refuse(http.StatusServiceUnavailable, "events cannot be published at the moment, and too many are waiting: try again later")
	}
	e, err := contracts.NewEvent(data)
	if err != nil {
		return err
	}
	e.SetID(id)
	l.Outbox = append(l.Outbox, e)
	return nil
}

// drop removes published events from the outbox.
func (l *list) drop(ids []string) {
	l.Outbox = slices.DeleteFunc(l.Outbox, func(e event.Event) bool { return slices.Contains(ids, e.ID()) })
}

func checkTitle(title string) (string, error) {
	title = strings.TrimSpace(title)
	switch {
	case title == "":
		return "", refuse(http.StatusBadRequest, "a task needs a title")
	case utf8.RuneCountInString(title) > maxTitle:
		return "", refuse(http.StatusBadRequest, "a title can have at most %d characters", maxTitle)
	}
	return title, nil
}
