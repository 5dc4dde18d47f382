// Checkpoints of torch (.pth, .pt, .soen): read without torch, and nothing in them is run.
//
//   zip: <top>/data.pkl   what was saved, as a pickle (pickle.h)
//        <top>/data/<key> the numbers of one storage; several tensors may share it
//        <top>/byteorder  little or big
//
// Read: module state dicts, optimiser states, parameters, transposed and shared tensors, Python and NumPy numbers,
// argparse.Namespace. Refused with a way out: whole modules, complex and quantised tensors, files from before torch 1.6.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynode/io/npy.h"
#include "dynode/io/pickle.h"
#include "dynode/io/zip.h"
#include "dynode/spec/value.h"

namespace dynode {

class TorchFile {
 public:
  using Node = Pickle::Node;

  /// @param name  what to call the bytes in an error, usually the path
  /// @throws IoError  if they are no such file
  TorchFile(std::string bytes, const std::string& name);
  TorchFile(const TorchFile&) = delete;

  const std::string& name() const { return name_; }
  const Node&        root() const { return pickle_[pickle_.root]; }
  /// Value of a text key in a mapping, or nullptr; a Namespace counts as a mapping.
  const Node* find(const Node& mapping, std::string_view key) const;

  bool is_mapping(const Node& node) const { return contents(node).kind == Pickle::Kind::mapping; }
  bool is_tensor(const Node& node) const;
  /// The numbers of a tensor, row by row, whatever its strides.
  /// @param what  what to call it in an error
  /// @throws IoError  if it reaches beyond its storage, is complex, or takes more than there is
  Array tensor(const Node& node, const std::string& what) const;
  /// The entries of a mapping that are tensors, in its order.
  std::vector<std::pair<std::string, const Node*>> tensor_nodes(const Node& mapping) const;
  /// Settings: mappings, lists, numbers, texts; a tensor of one number is a number, longer ones are lists.
  /// @throws IoError  if it is no such thing, or nests or repeats itself beyond reason
  Value value(const Node& node, const std::string& what) const;

 private:
  const Node& contents(const Node& node) const;   // of a Namespace its mapping
  const Node& argument(const Node& call, size_t index, Pickle::Kind kind, const std::string& what) const;
  std::vector<int64_t> sizes(const Node& node, const std::string& what) const;
  Value       value(const Node& node, const std::string& what, int depth, size_t& budget) const;
  [[noreturn]] void fail(const std::string& what, const std::string& why) const;

  std::string       bytes_, name_, top_;
  ZipArchive        archive_;
  bool              big_endian_ = false;
  Pickle            pickle_;
  mutable uint64_t  taken_ = 0, read_ = 0;   // bytes of tensors handed out, of storages read
  mutable std::pair<std::string, std::string> storage_;   // the last one read: key, bytes
};

/// @throws IoError  as read_file and TorchFile
TorchFile load_torch(const std::string& path);

}  // namespace dynode
