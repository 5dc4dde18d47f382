// Tape: all histories of a run, kept until its adjoint is asked for. Others than the engine only hold it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "dynode/run/workspace.h"

namespace dynode {

/// Tiles are summed into at most this many partial gradients: a fixed number, so that bits do not depend on threads.
inline constexpr size_t kMostGroups = 16;

template <class R>
class Tape {
 public:
  using Shelf = std::vector<std::unique_ptr<Workspace<R>>>;
  struct Part {
    Tile                          tile;
    std::unique_ptr<Workspace<R>> workspace;
  };

  /// @param shelf  gets the workspaces back in the end
  Tape(std::shared_ptr<Shelf> shelf, size_t steps, uint64_t version, std::vector<R> theta)
      : steps(steps), version(version), theta(std::move(theta)), shelf_(std::move(shelf)) {}
  ~Tape() {
    const std::lock_guard lock(shelves);
    for (Part& p : parts)
      if (shelf_->size() < kMostIdle) shelf_->push_back(std::move(p.workspace));
  }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// For whoever takes from a shelf or gives back: tapes are dropped on any thread, while others run.
  static inline std::mutex shelves;

  std::vector<Part>    parts;
  const size_t         steps;
  uint64_t             version;   // of what was prepared from …
  const std::vector<R> theta;     // … the parameters it ran with
  bool                 used = false;   // an adjoint has worked in what cells had noted down

 private:
  static constexpr size_t kMostIdle = 64;
  std::shared_ptr<Shelf>  shelf_;
};

}  // namespace dynode
