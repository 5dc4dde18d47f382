// Sequences of an HDF5 file: data [N, T, D] with labels, as the SOEN toolkit has them.
//
//   /data /labels                                    split by val_split and test_split
//   /train/{data,labels} /val/… /test/…              these parts; without val rows of train are drawn
#include <algorithm>
#include <fmt/format.h>

#include "dynode/io/hdf5.h"
#include "dynode/learn/dataset.h"

namespace dynode {
namespace {

Samples group_samples(const Hdf5& file, const std::string& group, const SampleShape& shape) {
  std::vector<Npz::Entry> arrays = {{"x", file.numbers(group + "/data")}};
  if (shape.has_targets) arrays.emplace_back("y", file.numbers(group + "/labels"));
  for (const char* name : {"timespans", "mask"})
    if (const Hdf5Item* item = file.find(group + "/" + name)) arrays.emplace_back(name, item->numbers);
  return samples_of(Npz(file.file() + (group.empty() ? "" : ":" + group), std::move(arrays)), shape);
}

}  // namespace

Samples read_hdf5_samples(const std::string& path, const SampleShape& shape, Part part) {
  const Hdf5 file = load_hdf5(path);
  if (!file.find("/train")) return part == Part::train ? group_samples(file, "", shape) : Samples{};
  if (part == Part::test) return file.find("/test") ? group_samples(file, "/test", shape) : Samples{};
  Samples train = group_samples(file, "/train", shape);
  if (!file.find("/val")) return train;
  const Samples held_back = group_samples(file, "/val", shape);
  Samples       all       = joined(std::move(train), held_back);
  all.validation          = held_back.rows;
  return all;
}

}  // namespace dynode
