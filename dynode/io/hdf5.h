// HDF5 files: trees of groups with arrays of numbers or texts.
//
//   file ──▶ a child process with limits of time and memory ──pipe──▶ Hdf5
//
// The HDF5 library crashes or hangs on some damaged files; a child that does so costs an error, not the program. Read:
// integers and floats of any size and order, h5py's booleans, texts of fixed and of variable length. Left out: soft
// and external links, attributes, data of other kinds. Refused: virtual datasets and raw data in other files.
// Needs libhdf5; a library built without it says so when asked.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynode/io/npy.h"

namespace dynode {

struct Hdf5Item {
  enum class Kind : uint8_t { group, numbers, texts };
  std::string              path;         // "/node/nodes/lif/tau"; parts are joined by '/'
  Kind                     kind = Kind::group;
  Array                    numbers = {};   // half floats become float, booleans uint8, all integers int64
  std::vector<int64_t>     shape = {};     // of texts; empty: one
  std::vector<std::string> texts = {};
};

/// What is in a file; a group comes before its members, members are sorted by name.
class Hdf5 {
 public:
  Hdf5(std::string file, std::vector<Hdf5Item> items) : file_(std::move(file)), items_(std::move(items)) {}

  const std::string&           file() const { return file_; }
  const std::vector<Hdf5Item>& items() const& { return items_; }
  std::vector<Hdf5Item>        items() && { return std::move(items_); }
  /// Null if there is no such item.
  const Hdf5Item* find(std::string_view path) const;
  /// @throws IoError  if there are no such numbers, naming the nearest
  const Array& numbers(std::string_view path) const;
  /// One text. @throws IoError  likewise
  const std::string& text(std::string_view path) const;
  /// Members of a group, "" for the root: names without their path.
  std::vector<std::string> members(std::string_view group) const;

 private:
  std::string           file_;
  std::vector<Hdf5Item> items_;
};

/// Whether this build reads and writes HDF5.
bool has_hdf5();

struct Hdf5Limits {
  size_t items   = 100'000;
  size_t bytes   = size_t(8) << 30;   // of all numbers and texts together
  int    seconds = 60;                // of processor time
};

/// @throws IoError  if the file cannot be read, is none of HDF5 or damaged, or goes beyond a limit
Hdf5 load_hdf5(const std::string& path, const Hdf5Limits& limits = {});

/// Replaces a file by these items, groups on the way included; texts have fixed length. Same items = same bytes.
/// @throws IoError  as write_file, and if paths do not make a tree
void save_hdf5(const std::string& path, const std::vector<Hdf5Item>& items);

}  // namespace dynode
