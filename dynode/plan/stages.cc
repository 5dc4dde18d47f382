#include "dynode/plan/stages.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/text.h"

namespace dynode {
namespace {

/// Strongly connected groups by Tarjan's algorithm; sources come before their targets.
class Components {
 public:
  Components(size_t count, std::span<const ConnectionPlan> connections) : sources_(count), index_(count, -1), low_(count) {
    for (const auto& c : connections) sources_[size_t(c.to)].push_back(c.from);
    on_stack_.resize(count);
    for (size_t i = 0; i < count; ++i)
      if (index_[i] < 0) visit(int(i));
  }
  std::vector<std::vector<int>> groups;

 private:
  // a group is complete once all it reads from has been visited, so groups come out sources first
  void visit(int start) {
    struct Frame { int node; size_t next; };
    std::vector<Frame> frames{{start, 0}};
    enter(start);
    while (!frames.empty()) {
      auto& [node, next] = frames.back();
      const auto& sources = sources_[size_t(node)];
      if (next < sources.size()) {
        const int source = sources[next++];
        if (index_[size_t(source)] < 0) {
          enter(source);
          frames.push_back({source, 0});
        } else if (on_stack_[size_t(source)]) {
          low_[size_t(node)] = std::min(low_[size_t(node)], index_[size_t(source)]);
        }
        continue;
      }
      const int done = node;
      frames.pop_back();
      if (!frames.empty()) low_[size_t(frames.back().node)] = std::min(low_[size_t(frames.back().node)], low_[size_t(done)]);
      if (low_[size_t(done)] == index_[size_t(done)]) leave(done);
    }
  }
  void enter(int node) {
    index_[size_t(node)] = low_[size_t(node)] = counter_++;
    stack_.push_back(node);
    on_stack_[size_t(node)] = true;
  }
  void leave(int root) {
    std::vector<int> group;
    int node;
    do {
      node = stack_.back();
      stack_.pop_back();
      on_stack_[size_t(node)] = false;
      group.push_back(node);
    } while (node != root);
    std::sort(group.begin(), group.end());
    groups.push_back(std::move(group));
  }

  std::vector<std::vector<int>> sources_;
  std::vector<int>  index_, low_, stack_;
  std::vector<bool> on_stack_;
  int               counter_ = 0;
};

/// Orders a group so that fresh sources come first.
std::vector<int> order_group(const std::vector<int>& group, std::span<const LayerPlan> layers,
                             std::span<const ConnectionPlan> connections, const At& at) {
  std::vector<int> order, left = group;
  while (!left.empty()) {
    /// A layer that `layer` waits for, or -1.
    const auto awaited = [&](int layer) {
      for (const ConnectionPlan& c : connections)
        if (c.to == layer && c.lag == 0 && std::count(left.begin(), left.end(), c.from) > 0) return c.from;
      return -1;
    };
    const auto next = std::find_if(left.begin(), left.end(), [&](int layer) { return awaited(layer) < 0; });
    if (next == left.end()) {
      // who waits for whom, until a name comes again
      std::vector<int> chain = {left.front()};
      while (std::count(chain.begin(), chain.end(), chain.back()) < 2) chain.push_back(awaited(chain.back()));
      std::vector<std::string> names;
      for (auto one = std::find(chain.begin(), chain.end(), chain.back()); one + 1 != chain.end(); ++one)
        names.insert(names.begin(), layers[size_t(*one)].name);
      if (names.size() == 1)
        throw SpecError(at, fmt::format("layer {} waits for itself within one step: its connection to itself has lag 0", names[0]),
                        "give it lag: 1");
      throw SpecError(at, fmt::format("layers {} wait for each other within one step: every connection of the cycle has "
                                      "lag 0", join(names)),
                      "give one connection of the cycle lag: 1");
    }
    order.push_back(*next);
    left.erase(next);
  }
  return order;
}

}  // namespace

std::vector<Stage> arrange_stages(std::span<const LayerPlan> layers, std::span<const ConnectionPlan> connections,
                                  const At& at) {
  std::vector<Stage> stages;
  for (const auto& group : Components(layers.size(), connections).groups) {
    if (group.size() == 1 && layers[size_t(group[0])].is_input) continue;
    const bool self = std::any_of(connections.begin(), connections.end(), [&](const ConnectionPlan& c) {
      return c.from == group[0] && c.to == group[0];
    });
    stages.push_back({order_group(group, layers, connections, at), group.size() > 1 || self});
  }
  return stages;
}

}  // namespace dynode
