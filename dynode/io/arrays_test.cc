#include "dynode/io/arrays.h"

#include <gtest/gtest.h>

#include "dynode/io/hdf5.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

TEST(Arrays, AreTheSameInEitherKindOfFile) {
  const std::vector<Npz::Entry> entries{{"s/1", {{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}}},
                                        {"state/0/V", {{2}, std::vector<double>{0.1, -7}}},
                                        {"seed", {{}, std::vector<int64_t>{5}}},
                                        {"names", {{2}, std::vector<uint8_t>{65, 66}}},
                                        {"none", {{0, 3}, std::vector<int64_t>{}}}};
  const TemporaryFolder         folder;
  for (const char* name : {"a.npz", "a.h5", "a.hdf5"}) {
    if (std::string(name) != "a.npz" && !has_hdf5()) continue;
    const std::string path = folder / name;
    ASSERT_TRUE(is_arrays_file(path));
    save_arrays(path, entries);
    const Npz read = load_arrays(path);
    EXPECT_EQ(read.entries().size(), entries.size()) << name;
    for (const auto& [key, array] : entries) {  // whole numbers may come back in another size
      EXPECT_EQ(read.at(key).shape, array.shape) << name << " " << key;
      EXPECT_EQ(read.at(key).as_double(), array.as_double()) << name << " " << key;
    }
  }
  EXPECT_FALSE(is_arrays_file("a.csv"));
}

}  // namespace
}  // namespace dynode
