// Package feed is the activity service: it receives the four task events and
// keeps each user's latest activity.
//
// Events arrive at least once and in any order. The feed is the set of the
// newest entries by time, so handling an event twice, or late, gives the same
// feed as handling it once and in time: nothing else has to be remembered.
package feed

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// size is how many entries are kept for each user.
const size = 100

// An Entry is one event in the feed.
type Entry struct {
	ID     string    `json:"id"` // of the event
	Type   string    `json:"type"`
	TaskID int64     `json:"task_id"`
	Title  string    `json:"title,omitempty"` // if the event has it
	Time   time.Time `json:"time"`
}

// add adds an entry to the feed, newest first.
func add(feed []Entry, e Entry) []Entry {
	newest := func(a, b Entry) int { return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.ID, a.ID)) }
	if slices.ContainsFunc(feed, func(known Entry) bool { return known.ID == e.ID }) {
		return feed
	}
	i, _ := slices.BinarySearchFunc(feed, e, newest)
	feed = slices.Insert(feed, i, e)
	return feed[:min(len(feed), size)]
}

// A Line is an entry with its text for people.
type Line struct {
	Entry
	Text string `json:"text"`
}

// lines returns the feed with texts. A title that an event does not have is
// taken from the events before it.
func lines(feed []Entry) []Line {
	titles := map[int64]string{}
	out := make([]Line, len(feed))
	for i, e := range slices.Backward(feed) {
		name := fmt.Sprintf("task %d", e.TaskID)
		if before, ok := titles[e.TaskID]; ok {
			name = "“" + before + "”"
		}
		text := e.Type + ": " + name
		switch e.Type {
		case "task.created":
			text = "Added “" + e.Title + "”"
		case "task.updated":
			text = "Renamed " + name + " to “" + e.Title + "”"
		case "task.completed":
			text = "Completed " + name
		case "task.deleted":
			text = "Deleted " + name
		}
		if e.Title != "" {
			titles[e.TaskID] = e.Title
		}
		out[i] = Line{e, text}
	}
	return out
}
