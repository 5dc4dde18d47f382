// A few threads that share independent tasks; waiting ones spin for a moment, then sleep.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

namespace dynode {

class Threads {
 public:
  /// @param count  workers including the caller; 0: one per core
  explicit Threads(int count = 1);
  ~Threads();

  int size() const;

  /// Runs work(task, worker) for every task in [0, tasks), worker in [0, size()); returns when all are done.
  /// Tasks are handed out in ascending order. An exception stops the handing out; that of the lowest task is rethrown.
  void run(size_t tasks, const std::function<void(size_t task, size_t worker)>& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dynode
