#include "dynode/io/idx.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <numeric>
#include <zlib.h>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

std::string idx(const std::vector<uint32_t>& shape, const std::string& data, int type = 8) {
  std::string bytes = {'\0', '\0', char(type), char(shape.size())};
  for (const uint32_t n : shape) bytes += {char(n >> 24), char(n >> 16), char(n >> 8), char(n)};
  return bytes + data;
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(bytes.size() + 100, '\0');
  stream.next_in   = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in  = uInt(bytes.size());
  stream.next_out  = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = uInt(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string refusal(const std::string& bytes) {
  return message_of([&] { parse_idx(bytes, "a"); });
}

/// Two images of 1x2 and their labels.
const std::string kImages = idx({2, 1, 2}, "abcd"), kLabels = idx({2}, "\3\7");

}  // namespace

TEST(Idx, ReadsPlainAndPackedFiles) {
  for (const std::string& bytes : {kImages, gzip(kImages)}) {
    const IdxData data = parse_idx(bytes, "a");
    EXPECT_EQ(data.shape, (std::vector<int64_t>{2, 1, 2}));
    EXPECT_EQ(data.bytes, (std::vector<uint8_t>{'a', 'b', 'c', 'd'}));
  }
  EXPECT_TRUE(parse_idx(idx({0, 28}, ""), "a").bytes.empty());
  EXPECT_TRUE(parse_idx(gzip(idx({0, 28}, "")), "a").bytes.empty());
}

TEST(Idx, NamesWhatIsWrongWithAFile) {
  EXPECT_SAYS(refusal(""), "a: is truncated: it ends within its first four bytes");
  EXPECT_SAYS(refusal("hello"), "a: is not an IDX file: it begins with 68 65, not 00 00");
  EXPECT_SAYS(refusal(idx({1}, "1234", 0x0D)), "has elements of type 0x0d; only unsigned bytes, 0x08, are read");
  EXPECT_SAYS(refusal(idx({}, "")), "has 0 dimensions; 1 to 8 are read");
  EXPECT_SAYS(refusal(idx({1, 1, 1, 1, 1, 1, 1, 1, 1}, "1")), "has 9 dimensions");
  EXPECT_SAYS(refusal(kImages.substr(0, 14)), "is truncated: it ends within its dimensions");
  EXPECT_SAYS(refusal(idx({2, 2}, "abc")), "is truncated: it ends within its 4 bytes of data");
  EXPECT_SAYS(refusal(idx({2, 2}, "abcde")), "has more data than its dimensions say");
  EXPECT_SAYS(refusal(idx({~0u, ~0u, ~0u}, "abc")), "has dimensions whose product is too large");
  EXPECT_SAYS(refusal(idx({~0u, 1}, "abc")), "is truncated: it ends within its 4294967295 bytes of data");
}

TEST(Idx, NamesWhatIsWrongWithAPackedFile) {
  const std::string packed = gzip(kImages);
  EXPECT_SAYS(refusal(gzip("hello")), "is not an IDX file");
  EXPECT_SAYS(refusal(gzip(idx({2, 2}, "abcde"))), "has more data than its dimensions say");
  EXPECT_SAYS(refusal(gzip(idx({~0u, 1}, std::string(100, 'a')))), "ends within its 4294967295 bytes of data");
  EXPECT_SAYS(refusal(packed + "x"), "has more data than its dimensions say, or lacks its checksum");
  EXPECT_SAYS(refusal(packed.substr(0, packed.size() - 1)), "lacks its checksum");
  std::string damaged = packed;
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  EXPECT_SAYS(refusal(damaged), "is damaged: incorrect data check");
  damaged    = packed;
  damaged[2] = 7;  // the method of packing
  EXPECT_SAYS(refusal(damaged), "is damaged: unknown compression method");
  for (size_t size = 0; size < packed.size(); ++size) EXPECT_NE(refusal(packed.substr(0, size)), "") << size;
}

TEST(Idx, APackedFileExpandsNoFurtherThanItsHeaderSays) {
  // 64 MB of zeros behind a header for four bytes: expansion ends with the fifth
  EXPECT_SAYS(refusal(gzip(idx({4}, std::string(64 << 20, '\0')))), "has more data than its dimensions say");
}

TEST(ImageSet, FindsTheUsualNames) {
  const TemporaryFolder folder;
  write_file(folder / "train-images-idx3-ubyte", kImages);
  write_file(folder / "train-labels-idx1-ubyte.gz", gzip(kLabels));
  write_file(folder / "t10k-images.idx3-ubyte.gz", gzip(kImages));
  write_file(folder / "t10k-labels.idx1-ubyte", kLabels);
  for (const ImagePart part : {ImagePart::train, ImagePart::test}) {
    const ImageSet set = load_image_set(folder.path(), part);
    EXPECT_EQ(set.count, 2);
    EXPECT_EQ(set.rows, 1);
    EXPECT_EQ(set.columns, 2);
    EXPECT_EQ(set.images, (std::vector<uint8_t>{'a', 'b', 'c', 'd'}));
    EXPECT_EQ(set.labels, (std::vector<uint8_t>{3, 7}));
  }
}

TEST(ImageSet, TellsWhereToGetMissingFiles) {
  const TemporaryFolder folder;
  write_file(folder / "train-images-idx3-ubyte", kImages);
  EXPECT_EQ(message_of([&] { load_image_set(folder.path(), ImagePart::train); }),
            folder.path() +
                ": has no train-labels-idx1-ubyte\n"
                "  expected, with or without .gz: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
                "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte\n"
                "  the package dataset-fashion-mnist puts them into /usr/share/datasets/fashion-mnist");
  EXPECT_SAYS(message_of([&] { load_image_set(folder / "none", ImagePart::test); }), "has no t10k-images-idx3-ubyte");
}

TEST(ImageSet, RefusesFilesThatDoNotFitTogether) {
  const TemporaryFolder folder;
  const auto refusal = [&] { return message_of<ShapeError>([&] { load_image_set(folder.path(), ImagePart::train); }); };
  write_file(folder / "train-images-idx3-ubyte", kImages);
  write_file(folder / "train-labels-idx1-ubyte", idx({3}, "\1\2\3"));
  EXPECT_SAYS(refusal(), "train-labels-idx1-ubyte: expected [2], got [3]\n  there must be one label for each image of");
  write_file(folder / "train-labels-idx1-ubyte", idx({2, 1}, "\1\2"));
  EXPECT_SAYS(refusal(), "train-labels-idx1-ubyte: expected [any], got [2, 1]");
  write_file(folder / "train-images-idx3-ubyte", idx({2, 2}, "abcd"));
  EXPECT_SAYS(refusal(), "train-images-idx3-ubyte: expected [any, any, any], got [2, 2]");
}

TEST(ImageSet, ReadsFashionMnist) {
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  const ImageSet set = load_image_set(folder, ImagePart::test);
  EXPECT_EQ(set.count, 10000);
  EXPECT_EQ(set.rows, 28);
  EXPECT_EQ(set.columns, 28);
  for (int label = 0; label < 10; ++label) EXPECT_EQ(std::count(set.labels.begin(), set.labels.end(), label), 1000);
  EXPECT_EQ((std::vector<uint8_t>(set.labels.begin(), set.labels.begin() + 8)),
            (std::vector<uint8_t>{9, 2, 1, 1, 6, 1, 4, 6}));
}

}  // namespace dynode
