#include "dynode/io/npz.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += char(value >> 8 * i);
  return text;
}

/// A member of a hand-made archive; what it claims may differ from what it is.
struct Member {
  std::string name;
  std::string packed;       // bytes as they lie in the file
  uint32_t    size    = 0;  // claimed, expanded
  uint32_t    crc     = 0;
  int         method  = 0;  // 0 stored, 8 deflated
  int         flags   = 0;
  std::string extra   = {};  // of the central directory
  std::string local   = {};  // extra field of the local header
  int64_t     offset  = -1;  // of the local header; -1: where it is
  int64_t     claimed = -1;  // packed size; -1: as it is
};

Member stored(const std::string& name, const std::string& data) {
  return {.name   = name,
          .packed = data,
          .size   = uint32_t(data.size()),
          .crc    = uint32_t(crc32(0, reinterpret_cast<const Bytef*>(data.data()), uInt(data.size())))};
}

Member deflated(const std::string& name, const std::string& data) {
  Member   member = stored(name, data);
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string packed(data.size() + 100, '\0');
  stream.next_in   = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in  = uInt(data.size());
  stream.next_out  = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = uInt(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  member.packed = packed;
  member.method = 8;
  return member;
}

std::string archive(const std::vector<Member>& members) {
  std::string bytes, directory;
  for (const Member& m : members) {
    const uint64_t    offset = m.offset < 0 ? bytes.size() : uint64_t(m.offset);
    const uint64_t    packed = m.claimed < 0 ? m.packed.size() : uint64_t(m.claimed);
    const std::string common = number(20, 2) + number(m.flags, 2) + number(m.method, 2) + number(0, 2) +
                               number(0x21, 2) + number(m.crc, 4) + number(packed, 4) + number(m.size, 4) +
                               number(m.name.size(), 2);
    bytes += "PK\3\4" + common + number(m.local.size(), 2) + m.name + m.local + m.packed;
    directory += "PK\1\2" + number(20, 2) + common + number(m.extra.size(), 2) + number(0, 2) + number(0, 2) +
                 number(0, 2) + number(0, 4) + number(offset, 4) + m.name + m.extra;
  }
  const std::string count = number(members.size(), 2);
  return bytes + directory + "PK\5\6" + number(0, 4) + count + count + number(directory.size(), 4) +
         number(bytes.size(), 4) + number(0, 2);
}

const Array       kArray{{2}, std::vector<float>{1, 2}};
const std::string kNpy = npy_bytes(kArray);

std::string refusal(const std::string& bytes) {
  return message_of([&] { parse_npz(bytes, "a.npz"); });
}

}  // namespace

TEST(Npz, GivesBackWhatWasSavedInItsOrder) {
  const TemporaryFolder         folder;
  const std::vector<Npz::Entry> entries = {{"s/2", kArray},
                                           {"J_0_to_1", {{2, 2}, std::vector<double>{1, 2, 3, 4}}},
                                           {"größe", {{}, std::vector<int64_t>{-7}}},
                                           {"empty", {{0, 3}, std::vector<uint8_t>{}}}};
  for (const Packing packing : {Packing::stored, Packing::deflated}) {
    save_npz(folder / "x.npz", entries, packing);
    const Npz npz = load_npz(folder / "x.npz");
    EXPECT_EQ(npz.entries(), entries);
    EXPECT_EQ(npz.names(), (std::vector<std::string>{"s/2", "J_0_to_1", "größe", "empty"}));
    EXPECT_EQ(npz.at("J_0_to_1"), entries[1].second);
    EXPECT_EQ(npz.find("J_0_to_2"), nullptr);
  }
}

TEST(Npz, SameArraysAreTheSameBytes) {
  const std::vector<Npz::Entry> entries = {{"a", kArray}, {"b", {{1000}, std::vector<double>(1000, 0.1)}}};
  EXPECT_EQ(npz_bytes(entries), npz_bytes(entries));
  EXPECT_EQ(npz_bytes(entries, Packing::deflated), npz_bytes(entries, Packing::deflated));
  EXPECT_LT(npz_bytes(entries, Packing::deflated).size(), npz_bytes(entries).size());
  EXPECT_EQ(npz_bytes({{"a", kArray}}).substr(10, 4), number(0, 2) + number(0x21, 2));  // midnight, 1 January 1980
}

TEST(Npz, MayBeEmpty) {
  EXPECT_EQ(npz_bytes({}).size(), 22u);
  EXPECT_TRUE(parse_npz(npz_bytes({}), "a").entries().empty());
}

TEST(Npz, ReadsWhatNumpyWrites) {
  // np.savez has a Zip64 field in each local header, even of small members; np.savez_compressed deflates
  Member member = stored("x.npy", kNpy);
  member.local  = number(1, 2) + number(16, 2) + number(kNpy.size(), 8) + number(kNpy.size(), 8);
  EXPECT_EQ(parse_npz(archive({member}), "a").at("x"), kArray);
  EXPECT_EQ(parse_npz(archive({deflated("x.npy", kNpy)}), "a").at("x"), kArray);

  // sizes that are only in the Zip64 field of the directory
  member.size    = 0xFFFFFFFF;
  member.claimed = 0xFFFFFFFF;
  member.extra   = number(1, 2) + number(16, 2) + number(kNpy.size(), 8) + number(kNpy.size(), 8);
  EXPECT_EQ(parse_npz(archive({member}), "a").at("x"), kArray);
}

TEST(Npz, SuggestsTheNearestName) {
  const Npz npz("w.npz", {{"J_0_to_1", kArray}, {"bias", kArray}});
  EXPECT_EQ(message_of([&] { npz.at("J_0_to_2"); }),
            "w.npz: has no array 'J_0_to_2'\n  did you mean 'J_0_to_1'?  it has: J_0_to_1, bias");
}

TEST(Npz, NamesWhatIsWrongWithAFile) {
  EXPECT_SAYS(refusal("hello, world"), "a.npz: is not a readable .npz file: Not a zip archive");
  EXPECT_SAYS(refusal(""), "a.npz: is empty");
  EXPECT_SAYS(refusal(kNpy), "is not a readable .npz file");
  EXPECT_SAYS(refusal(archive({stored("x.npy", kNpy), stored("x.npy", kNpy)})), "has the member 'x.npy' twice");
  EXPECT_SAYS(refusal(archive({stored("readme.txt", "hi")})), "holds 'readme.txt', which is not an array");
  EXPECT_SAYS(refusal(archive({stored("x.npy", "hi")})), "a.npz[x.npy]: is not a .npy file");
  EXPECT_SAYS(refusal(archive({stored("x.npy", kNpy + "x")})), "a.npz[x.npy]: has 1 bytes behind its data");

  Member member = stored("\x1b[2J.npy", kNpy);
  member.flags  = 0x800;  // UTF-8
  EXPECT_SAYS(refusal(archive({member})), "a.npz: is not a readable .npz file");
  member = stored("x.npy", kNpy);
  member.packed[130] ^= 1;
  EXPECT_SAYS(refusal(archive({member})), "a.npz[x.npy]: cannot be read from the archive: CRC error");
  member       = stored("x.npy", kNpy);
  member.flags = 1;
  EXPECT_SAYS(refusal(archive({member})), "a.npz[x.npy]: is encrypted");
  member        = stored("x.npy", kNpy);
  member.method = 12;  // bzip2, allowed by libzip and not by NumPy, or unknown to it
  EXPECT_SAYS(refusal(archive({member})), "a.npz[x.npy]: is packed by method 12");
}

TEST(Npz, AMemberThatIsNoNumbersFailsOnlyWhenAskedFor) {
  std::string text = kNpy;
  text.replace(text.find("<f4"), 3, "<U1");
  const Npz npz = parse_npz(archive({stored("labels.npy", text), stored("x.npy", kNpy)}), "a.npz");
  EXPECT_EQ(npz.at("x"), kArray);
  EXPECT_EQ(npz.find("labels"), nullptr);
  EXPECT_SAYS(message_of([&] { npz.at("labels"); }), "a.npz[labels.npy]: has elements of type '<U1'");
}

TEST(Npz, RefusesMembersThatClaimTooMuch) {
  Member member  = stored("x.npy", kNpy);
  member.claimed = 1'000'000;
  EXPECT_SAYS(refusal(archive({member})), "claims more packed bytes than the file has left");

  // a few packed bytes cannot become a gigabyte
  member      = deflated("x.npy", kNpy);
  member.size = 1'000'000'000;
  EXPECT_SAYS(refusal(archive({member})), "bytes, which no packing can");

  // less or more comes out than claimed
  member      = deflated("x.npy", kNpy);
  member.size = uint32_t(kNpy.size()) + 5;
  EXPECT_SAYS(refusal(archive({member})), "cannot be read from the archive");
  member.size = uint32_t(kNpy.size()) - 5;
  EXPECT_SAYS(refusal(archive({member})), "cannot be read from the archive");

  // a Zip64 size of four exabytes
  member       = deflated("x.npy", kNpy);
  member.size  = 0xFFFFFFFF;
  member.extra = number(1, 2) + number(8, 2) + number(uint64_t(1) << 62, 8);
  EXPECT_SAYS(refusal(archive({member})), "claims to expand from 76 to 4611686018427387904 bytes");
}

TEST(Npz, RefusesMembersThatShareTheirBytes) {
  const std::string   npy = npy_bytes({{100000}, std::vector<uint8_t>(100000)});
  std::vector<Member> members(1, deflated("0.npy", npy));
  EXPECT_EQ(refusal(archive(members)), "");
  for (int i = 1; i < 10; ++i) {
    members.push_back(members[0]);
    members[i].name    = std::to_string(i) + ".npy";
    members[i].packed  = "";
    members[i].offset  = 0;
    members[i].claimed = int64_t(members[0].packed.size());
  }
  EXPECT_SAYS(refusal(archive(members)), "claims more packed bytes than the file has left");
}

TEST(Npz, CutAnywhereIsAnError) {
  const std::string bytes = npz_bytes({{"a", kArray}, {"b", kArray}}, Packing::deflated);
  ASSERT_EQ(refusal(bytes), "");
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(refusal(bytes.substr(0, size)), "") << size;
}

TEST(Npz, RefusesToWriteNamesNobodyCanRead) {
  EXPECT_SAYS(message_of([] { npz_bytes({{"a", kArray}, {"a", kArray}}); }), "the member 'a.npy' appears twice");
  EXPECT_SAYS(message_of([] { npz_bytes({{"", kArray}}); }), "'' cannot be the name of an array");
  EXPECT_SAYS(message_of([] { npz_bytes({{"\xff\xfe", kArray}}); }), "names must be UTF-8");
  EXPECT_THROW(npz_bytes({{"a", {{3}, std::vector<float>{1}}}}), ShapeError);
}

}  // namespace dynode
