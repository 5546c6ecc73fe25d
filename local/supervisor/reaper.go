package supervisor

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper starts processes and collects every child that ends, its own and the
// orphans that process 1 inherits. That rules out os/exec beside it: the two
// would steal each other's children.
type reaper struct {
	signals chan os.Signal
	done    chan struct{}

	mu      sync.Mutex // held from fork to registration, so that no end is missed
	waiting map[int]chan<- syscall.WaitStatus
}

func newReaper() *reaper {
	r := &reaper{
		signals: make(chan os.Signal, 1), // one pending signal stands for any number of children
		done:    make(chan struct{}),
		waiting: map[int]chan<- syscall.WaitStatus{},
	}
	signal.Notify(r.signals, syscall.SIGCHLD)
	go func() {
		defer close(r.done)
		for range r.signals {
			r.collect()
		}
	}()
	return r
}

func (r *reaper) stop() {
	signal.Stop(r.signals)
	close(r.signals)
	<-r.done
}

// fork starts a process; its end arrives on the returned channel.
func (r *reaper) fork(path string, args []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
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

// collect buries every child that has ended.
func (r *reaper) collect() {
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
