// Images of IDX files as streams of events: pixels one after the other, row by row, are black or white (above 128); a step
// per change of the colour (the first pixel is one), with the time since the last, counted in pixels and divided by 256.
// At most 256 events; steps behind the last do not count.
// Source: Lechner & Hasani 2020, Learning long-term dependencies in irregularly-sampled time series.
#include "dynode/io/idx.h"
#include "dynode/learn/dataset.h"

namespace dynode {

Samples read_event_mnist_samples(const std::string& folder, Part part) {
  constexpr size_t kEvents    = 256;
  constexpr int    kThreshold = 128;
  const ImageSet   images     = load_image_set(folder, part == Part::train ? ImagePart::train : ImagePart::test);

  Samples samples;
  samples.name  = folder;
  samples.rows  = size_t(images.count);
  samples.steps = kEvents, samples.width = 1;
  std::vector<uint8_t> x(samples.rows * kEvents);
  samples.spans.resize(x.size());
  samples.mask.resize(x.size());
  const size_t pixels = size_t(images.rows * images.columns);
  for (size_t row = 0; row < samples.rows; ++row) {
    const uint8_t* image = images.images.data() + row * pixels;
    int            last = -1, time = 0;
    for (size_t i = 0, event = 0; i < pixels && event < kEvents; ++i) {
      const int colour = image[i] > kThreshold;
      ++time;
      if (colour != last) {
        const size_t at = row * kEvents + event++;
        x[at] = uint8_t(colour), samples.spans[at] = double(time) / double(kEvents), samples.mask[at] = 1;
        time = 0;
      }
      last = colour;
    }
  }
  samples.x = std::move(x);
  samples.classes.assign(images.labels.begin(), images.labels.end());
  return samples;
}

}  // namespace dynode
