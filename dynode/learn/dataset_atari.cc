// Games of Atari as an expert played them: pictures, and what was done on seeing them (behaviour cloning).
//
//   folder of train_*.npz and val_*.npz, a sequence each, in the order of their names
//     obs      [steps, rows, columns, channels] bytes, as published [32, 84, 84, 4]; a step of the network reads a picture
//              number by number, in this order
//     actions  [steps] whole numbers
//
// train_* are for training and validation (val_split), val_* are the test: scores published for this set are those.
// Pictures stay bytes and are all in memory; what does not fit is refused before anything is read.
// Source: the package ncps, its datasets for Atari behaviour cloning.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "dynode/io/npz.h"
#include "dynode/learn/dataset.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

constexpr char kFolderHint[] = "data_path is the folder of one game, with train_*.npz and val_*.npz";

/// The files with these first letters, by name. @throws IoError
std::vector<std::string> files_of(const std::string& folder, const std::string& first) {
  std::error_code          error;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".npz" && entry.path().filename().string().starts_with(first))
      files.push_back(entry.path().string());
  if (error) throw IoError(folder, "this folder cannot be read", kFolderHint);
  if (files.empty()) throw IoError(folder, fmt::format("it holds no {}*.npz", first), kFolderHint);
  std::ranges::sort(files);
  return files;
}

void refuse_too_many(const std::string& folder, size_t files, size_t bytes) {
  const double needed = double(files) * double(bytes);
  const double memory = double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGE_SIZE));
  if (needed > memory)
    throw IoError(folder, fmt::format("{} sequences of {} bytes take {:.1f} GB, and this machine has {:.1f} GB", files,
                                      bytes, needed / 1e9, memory / 1e9),
                  "leave only some of the files in the folder");
}

}  // namespace

Samples read_atari_samples(const std::string& folder, Part part) {
  const std::vector<std::string> files = files_of(folder, part == Part::train ? "train_" : "val_");
  Samples                        samples;
  samples.name = folder, samples.rows = files.size();
  samples.low = 0, samples.high = 255;
  std::vector<uint8_t> x;
  std::vector<int64_t> shape = {-1, -1, -1, -1};   // of the first file; the others have the same
  for (const std::string& path : files) {
    const Npz    file    = load_npz(path);
    const Array& obs     = file.at("obs");
    const Array& actions = file.at("actions");

    // pictures
    const auto* bytes = std::get_if<std::vector<uint8_t>>(&obs.data);
    const bool  first = x.empty();
    if (obs.shape.size() != 4 || obs.size() == 0 || (!first && obs.shape != shape))
      throw ShapeError(path + ": obs", shape, obs.shape,
                       first ? "pictures are [steps, rows, columns, channels]" : "as in " + files.front());
    if (!bytes) throw IoError(path, "obs are not bytes", "pictures are of the type uint8, from 0 to 255");
    if (first) {
      refuse_too_many(folder, files.size(), bytes->size());
      shape         = obs.shape;
      samples.steps = samples.entries = size_t(shape[0]);
      samples.width                   = bytes->size() / samples.steps;
      x.reserve(files.size() * bytes->size());
    }
    x.insert(x.end(), bytes->begin(), bytes->end());

    // actions
    if (actions.shape != std::vector<int64_t>{shape[0]})
      throw ShapeError(path + ": actions", {shape[0]}, actions.shape, "one per picture");
    const std::vector<int64_t> numbers = actions.as_integers(path + ": actions");
    if (const auto bad = std::ranges::find_if(numbers, [](int64_t a) { return a < 0 || a > 1'000'000; });
        bad != numbers.end())
      throw IoError(path, fmt::format("action {} in step {}", *bad, bad - numbers.begin()),
                    "actions are numbered from 0 on");
    samples.classes.insert(samples.classes.end(), numbers.begin(), numbers.end());
  }
  samples.x = std::move(x);
  return samples;
}

}  // namespace dynode
