package supervisor

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper starts processes and reaps every child that ends, including the orphans
// that process 1 inherits. os/exec must not be used beside it: the two would reap
// each other's children.
type reaper struct {
	signals chan os.Signal
	done    chan struct{}

	mu      sync.Mutex // held while a process is started, so that its end is not missed
	waiting map[int]chan<- syscall.WaitStatus
}

func newReaper() *reaper {
	r := &reaper{
		signals: make(chan os.Signal, 1), // one signal may stand for several children
		done:    make(chan struct{}),
		waiting: map[int]chan<- syscall.WaitStatus{},
	}
	signal.Notify(r.signals, syscall.SIGCHLD)
	go func() {
		defer close(r.done)
		for range r.signals {
			r.reap()
		}
	}()
	return r
}

func (r *reaper) stop() {
	signal.Stop(r.signals)
	close(r.signals)
	<-r.done
}

// start starts a process and returns its ID and a channel that receives its
// status when it ends.
func (r *reaper) start(path string, args []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(path, args, attr)
	if err != nil {
		return 0, nil, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	r.waiting[pid] = ended
	return pid, ended, nil
}

// reap reaps every child that has ended.
func (r *reaper) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		r.mu.Lock()
		if ended, ours := r.waiting[pid]; ours {
			ended <- status
			delete(r.waiting, pid)
		}
		r.mu.Unlock()
	}
}
