// Blocks and the map of all of them. What they mean is in transform.cc, what they may become in constraint.cc.
#include "dynode/params/parameters.h"

#include <algorithm>

#include "dynode/base/error.h"

namespace dynode {

size_t Block::size() const {
  size_t n = 1;
  for (size_t d : shape) n *= d;
  return n;
}

std::string Block::stored_name() const {
  const size_t slash = name.rfind('/') + 1;  // npos + 1 = 0: a name without a layer
  switch (transform.kind) {
    case Transform::Kind::identity: break;
    case Transform::Kind::exponential: return name.substr(0, slash) + "log_" + name.substr(slash);
    case Transform::Kind::sigmoid: return name + "_gaus";
    case Transform::Kind::softplus: return name.substr(0, slash) + "raw_" + name.substr(slash);
  }
  return name;
}

int ParameterMap::add(Block block) {
  expects(find(block.name) < 0, "parameter blocks have different names");
  expects(!block.rectified || block.sign.size() == block.size(), "a rectified weight has a sign, or 0");
  block.offset = size_;
  size_ += block.size();
  blocks_.push_back(std::move(block));
  return int(blocks_.size()) - 1;
}

size_t ParameterMap::learnable_size() const {
  size_t n = 0;
  for (const Block& b : blocks_) {
    if (!b.learnable) continue;
    for (size_t i = 0; i < b.size(); ++i)
      n += (b.mask.empty() || b.mask[i]) && (b.plasticity.empty() || b.plasticity[i] > 0);
  }
  return n;
}

int ParameterMap::find(const std::string& name) const {
  for (size_t i = 0; i < blocks_.size(); ++i)
    if (blocks_[i].name == name || blocks_[i].stored_name() == name) return int(i);
  return -1;
}

std::vector<std::string> ParameterMap::names() const {
  std::vector<std::string> names;
  for (const Block& b : blocks_) names.push_back(b.name);
  return names;
}

}  // namespace dynode
