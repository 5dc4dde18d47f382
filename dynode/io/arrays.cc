#include "dynode/io/arrays.h"

#include "dynode/io/hdf5.h"
#include "dynode/io/model_formats.h"

namespace dynode {
namespace {

bool is_hdf5(const std::string& path) { return ending_of(path) == ".h5" || ending_of(path) == ".hdf5"; }

}  // namespace

bool is_arrays_file(const std::string& path) { return is_hdf5(path) || ending_of(path) == ".npz"; }

Npz load_arrays(const std::string& path) {
  if (!is_hdf5(path)) return load_npz(path);
  std::vector<Npz::Entry> entries;
  for (Hdf5Item& item : load_hdf5(path).items())
    if (item.kind == Hdf5Item::Kind::numbers) entries.emplace_back(item.path.substr(1), std::move(item.numbers));
  return Npz(path, std::move(entries));
}

void save_arrays(const std::string& path, const std::vector<Npz::Entry>& entries, Packing packing) {
  if (!is_hdf5(path)) return save_npz(path, entries, packing);
  std::vector<Hdf5Item> items;
  for (const auto& [name, array] : entries)
    items.push_back({.path = "/" + name, .kind = Hdf5Item::Kind::numbers, .numbers = array});
  save_hdf5(path, items);
}

}  // namespace dynode
