// Recorded trajectories of robots, cut into windows as published; the target of a step is what is observed next.
//
//   folder of .npy files [steps][observations], in the order of their names; whole trajectories are test or validation
//
//                  half_cheetah                        walker2d
//   validation     the first 5                         after a shuffle by seed 125487: the second 10 % of the files
//   test           the next 10                         the first 15 %
//   training       the next 10                         the others
//   steps          all                                 each kept with probability 0.9 (one stream, seed 891374, through
//                                                      training, validation, test); its time span counts those left out
//   windows        32 steps, one every 10 steps        64 steps, one every 16 steps
//
// Sources: Hasani et al. 2021, Liquid time-constant networks (half_cheetah); Hasani et al. 2022, Closed-form
// continuous-time neural networks, after Lechner & Hasani 2020 (walker2d).
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/numpy_random.h"
#include "dynode/io/npy.h"
#include "dynode/learn/dataset.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

struct Trajectory {
  size_t             steps = 0;  // of x and y
  std::vector<float> x, y;       // [steps][width]
  std::vector<float> spans;      // [steps]; empty: all alike
};

/// The files of a folder by name. @throws IoError
std::vector<std::string> files_of(const std::string& folder, size_t least) {
  std::error_code          error;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".npy") files.push_back(entry.path().string());
  if (error) throw IoError(folder, "this folder cannot be read", "it holds trajectories, one .npy file each");
  if (files.size() < least)
    throw IoError(folder, fmt::format("it holds {} trajectories (.npy), and {} are needed", files.size(), least),
                  "data_path is the folder with all that were published");
  std::ranges::sort(files);
  return files;
}

Trajectory read(const std::string& path, size_t& width) {
  const Array file = load_npy(path);
  if (file.shape.size() != 2 || file.shape[0] < 2 || file.shape[1] < 1 || (width && size_t(file.shape[1]) != width))
    throw ShapeError(path, {-1, width ? int64_t(width) : -1}, file.shape, "trajectories are [steps, observations]");
  width                  = size_t(file.shape[1]);
  std::vector<float> all = file.as_float();
  if (const auto bad = std::ranges::find_if(all, [](float v) { return !std::isfinite(v); }); bad != all.end())
    throw IoError(path, fmt::format("step {} has {}", size_t(bad - all.begin()) / width, *bad),
                  "remove this trajectory");
  Trajectory t{.steps = size_t(file.shape[0]) - 1,
               .x     = {all.begin(), all.end() - ptrdiff_t(width)},
               .y     = {all.begin() + ptrdiff_t(width), all.end()},
               .spans = {}};
  return t;
}

/// A number in [0, 1) with 53 bits, as RandomState.rand makes it.
double uniform(Mt19937& random) {
  const uint32_t high = random.bits() >> 5, low = random.bits() >> 6;
  return (double(high) * 67108864.0 + double(low)) / 9007199254740992.0;
}

/// Leaves steps out; each of the others takes the time since the one before.
void thin(Trajectory& t, size_t width, Mt19937& random) {
  Trajectory kept;
  float      span = 0;
  for (size_t i = 0; i < t.steps; ++i) {
    span += 1;
    if (!(uniform(random) < 0.9)) continue;
    const auto at = ptrdiff_t(i * width), end = at + ptrdiff_t(width);
    kept.x.insert(kept.x.end(), t.x.begin() + at, t.x.begin() + end);
    kept.y.insert(kept.y.end(), t.y.begin() + at, t.y.begin() + end);
    kept.spans.push_back(span);
    ++kept.steps, span = 0;
  }
  t = std::move(kept);
}

/// Adds the windows of a trajectory that begin before `steps − margin`. @return how many
size_t cut(const Trajectory& t, size_t length, size_t hop, size_t margin, Samples& samples, std::vector<float>& x) {
  size_t count = 0;
  for (size_t start = 0; start + margin < t.steps; start += hop, ++count) {
    const auto from = ptrdiff_t(start * samples.width), to = ptrdiff_t((start + length) * samples.width);
    x.insert(x.end(), t.x.begin() + from, t.x.begin() + to);
    samples.values.insert(samples.values.end(), t.y.begin() + from, t.y.begin() + to);
    if (!t.spans.empty())
      samples.spans.insert(samples.spans.end(), t.spans.begin() + ptrdiff_t(start),
                           t.spans.begin() + ptrdiff_t(start + length));
  }
  return count;
}

}  // namespace

Samples read_rollout_samples(const DataConfig& config, const std::string& folder, Part part) {
  const bool               walker = config.format == DataFormat::walker2d;
  std::vector<std::string> files  = files_of(folder, walker ? 20 : 25);

  // trajectories of training, validation, test
  std::vector<std::string> sets[3];
  if (walker) {
    Mt19937(125487).shuffle(files);
    const size_t test = files.size() * 15 / 100, validation = files.size() / 10;
    for (size_t i = 0; i < files.size(); ++i) sets[i < test ? 2 : i < test + validation ? 1 : 0].push_back(files[i]);
  } else {
    for (size_t i = 0; i < 25; ++i) sets[i < 5 ? 1 : i < 15 ? 2 : 0].push_back(files[i]);
  }

  Samples samples;
  samples.name = folder, samples.steps = samples.entries = walker ? 64 : 32;
  std::vector<float> x;
  Mt19937            random(891374);
  for (int set = 0; set < 3; ++set)
    for (const std::string& path : sets[set]) {
      if (!walker && (set == 2) != (part == Part::test)) continue;  // nothing depends on it
      Trajectory t = read(path, samples.width);
      if (walker) thin(t, samples.width, random);
      if ((set == 2) != (part == Part::test)) continue;
      // the margin of half_cheetah is counted in rows of the file, of which the last is a target only
      const size_t count = walker ? cut(t, 64, 16, 64, samples, x) : cut(t, 32, 10, 32, samples, x);
      samples.rows += count;
      if (set == 1) samples.validation += count;
    }
  if (samples.rows == 0 || (part == Part::train && samples.rows == samples.validation))
    throw IoError(folder, fmt::format("its trajectories are shorter than a window of {} steps", samples.steps),
                  "data_path is the folder with those that were published");
  samples.target_width = samples.width;
  samples.x            = std::move(x);
  return samples;
}

}  // namespace dynode
