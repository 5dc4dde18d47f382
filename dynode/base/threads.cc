#include "dynode/base/threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace dynode {

struct Threads::State {
  std::vector<std::thread> workers;
  std::mutex               mutex;
  std::condition_variable  wake, done;
  std::atomic<uint64_t>    round{0};        // counts calls of run; workers wait for it to change
  std::atomic<size_t>      busy{0};         // workers that have not finished this round
  std::atomic<bool>        stop{false};

  const std::function<void(size_t, size_t)>* work = nullptr;
  size_t              tasks = 0;
  std::atomic<size_t> next{0};
  std::exception_ptr  error;                // of the lowest task that failed
  size_t              error_task = 0;

  void share(size_t worker) {
    for (size_t task; (task = next.fetch_add(1)) < tasks;) {
      try {
        (*work)(task, worker);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error || task < error_task) error = std::current_exception(), error_task = task;
        next = tasks;
      }
    }
  }

  void live(size_t worker) {
    for (uint64_t seen = 0;;) {
      // spin for about 50 µs, then sleep
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
      while (round.load(std::memory_order_acquire) == seen && !stop && std::chrono::steady_clock::now() < until) {}
      if (round.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || round != seen; });
      }
      if (stop) return;
      seen = round.load(std::memory_order_acquire);
      share(worker);
      if (busy.fetch_sub(1) == 1) {
        const std::lock_guard lock(mutex);
        done.notify_one();
      }
    }
  }
};

Threads::Threads(int count) : state_(std::make_unique<State>()) {
  if (count <= 0) count = int(std::max(1u, std::thread::hardware_concurrency()));
  for (int i = 1; i < count; ++i) state_->workers.emplace_back([s = state_.get(), i] { s->live(size_t(i)); });
}

Threads::~Threads() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_all();
  for (auto& w : state_->workers) w.join();
}

int Threads::size() const { return int(state_->workers.size()) + 1; }

void Threads::run(size_t tasks, const std::function<void(size_t, size_t)>& work) {
  State& s = *state_;
  s.work  = &work;
  s.tasks = tasks;
  s.next  = 0;
  s.error = nullptr;
  const bool alone = s.workers.empty() || tasks < 2;
  if (!alone) {
    s.busy = s.workers.size();
    {
      const std::lock_guard lock(s.mutex);
      s.round.fetch_add(1, std::memory_order_release);
    }
    s.wake.notify_all();
  }
  s.share(0);
  if (!alone) {
    std::unique_lock lock(s.mutex);
    s.done.wait(lock, [&] { return s.busy == 0; });
  }
  if (s.error) std::rethrow_exception(s.error);
}

}  // namespace dynode
