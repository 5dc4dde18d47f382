// Images of IDX files as sequences: rows of pixels, or pixels. Bytes stay bytes until a minibatch wants them.
#include "dynode/io/idx.h"
#include "dynode/learn/dataset.h"

namespace dynode {

Samples read_idx_samples(const DataConfig& config, const std::string& folder, Part part) {
  ImageSet   images  = load_image_set(folder, part == Part::train ? ImagePart::train : ImagePart::test);
  const bool by_rows = config.sequence == Sequence::rows;

  Samples samples;
  samples.name  = folder;
  samples.rows  = size_t(images.count);
  samples.steps = size_t(by_rows ? images.rows : images.rows * images.columns);
  samples.width = size_t(by_rows ? images.columns : 1);
  samples.x     = std::move(images.images);
  samples.classes.assign(images.labels.begin(), images.labels.end());
  samples.low = 0, samples.high = 255;
  return samples;
}

}  // namespace dynode
