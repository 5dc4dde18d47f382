// Zip archives in memory, read member by member; .npz and .pth files are such archives.
//
// Nothing is taken on trust: at most 100,000 members and 8 GiB expanded, 1032 times the packed size of a member (the
// most deflate can do), members share no bytes, names are plain and unique, checksums hold.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dynode {

/// What to say of an archive that cannot be read.
struct ZipWords {
  const char* kind = "zip archive";   // "is not a readable <kind>"
  const char* hint = "";
};

class ZipArchive {
 public:
  struct Member {
    std::string name;
    uint64_t    size;   // expanded
  };

  /// @param bytes  must outlive the archive
  /// @param name   what to call the bytes in an error, usually the path
  /// @throws IoError  if they are no archive, or one of the limits is exceeded, or a member is encrypted, packed by
  ///                  another method than deflate, or has a name with control characters or one that is there twice
  ZipArchive(std::string_view bytes, const std::string& name, const ZipWords& words = {});
  ZipArchive(ZipArchive&&) noexcept;
  ~ZipArchive();

  /// In the order of the archive.
  const std::vector<Member>& members() const { return members_; }
  /// Position of a member, or -1.
  int64_t find(std::string_view name) const;
  /// The bytes of a member. @throws IoError  if they are damaged
  std::string read(size_t member) const;
  /// "weights.npz[J_0_to_1.npy]", for errors.
  std::string place(size_t member) const;

 private:
  struct Handle;
  std::string             file_;
  std::unique_ptr<Handle> handle_;
  std::vector<Member>     members_;
  std::vector<size_t>     sorted_;   // by name
};

/// A member to write.
struct ZipEntry {
  std::string name;
  std::string bytes;
  bool        deflated = false;
};

/// The bytes of an archive with these members; no time stamps: same members, same bytes.
/// @throws IoError  if a name is empty, not UTF-8, has control characters or appears twice
std::string zip_bytes(const std::vector<ZipEntry>& entries);

}  // namespace dynode
