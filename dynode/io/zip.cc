// The only file that meets libzip. Archives are read from and written to memory, so that files are replaced by
// write_file alone.
#include "dynode/io/zip.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <set>
#include <zip.h>

#include "dynode/base/error.h"

namespace dynode {
namespace {

constexpr int64_t  kMostEntries   = 100'000;
constexpr uint64_t kMostExpanded  = uint64_t(8) << 30;
constexpr uint64_t kMostExpansion = 1032;  // the most deflate can do
constexpr size_t   kPiece         = size_t(1) << 20;

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};
struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using Archive    = std::unique_ptr<zip_t, Discard>;
using OpenMember = std::unique_ptr<zip_file_t, CloseMember>;
using Source     = std::unique_ptr<zip_source_t, FreeSource>;

/// A libzip error with its text.
struct ZipError {
  zip_error_t error;
  ZipError() { zip_error_init(&error); }
  ZipError(const ZipError&) = delete;
  ~ZipError() { zip_error_fini(&error); }
  std::string text() { return zip_error_strerror(&error); }
};

bool plain(std::string_view name) {
  return !name.empty() && name.size() <= 1000 &&
         std::all_of(name.begin(), name.end(), [](char c) { return uint8_t(c) >= 32 && c != 127; });
}

}  // namespace

struct ZipArchive::Handle {
  Archive archive;
};

ZipArchive::ZipArchive(ZipArchive&&) noexcept = default;
ZipArchive::~ZipArchive()                     = default;

ZipArchive::ZipArchive(std::string_view bytes, const std::string& name, const ZipWords& words)
    : file_(name), handle_(std::make_unique<Handle>()) {
  if (bytes.empty()) throw IoError(name, fmt::format("is empty, which no {} is", words.kind), "copy or save it again");
  ZipError error;
  Source   source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error.error));
  if (!source) throw std::bad_alloc();
  handle_->archive.reset(zip_open_from_source(source.get(), ZIP_RDONLY, &error.error));
  zip_t* const archive = handle_->archive.get();
  if (!archive) throw IoError(name, fmt::format("is not a readable {}: {}", words.kind, error.text()), words.hint);
  source.release();  // the archive owns it now

  const zip_int64_t count = zip_get_num_entries(archive, 0);
  if (count > kMostEntries)
    throw IoError(name, fmt::format("has {} members; at most {} are read", count, kMostEntries));

  // sizes are claims until checked: together members cannot be larger packed than the file
  uint64_t packed = 0, expanded = 0;
  for (zip_int64_t k = 0; k < count; ++k) {
    zip_stat_t facts;
    zip_stat_init(&facts);
    if (zip_stat_index(archive, zip_uint64_t(k), 0, &facts) != 0)
      throw IoError(name, fmt::format("member {} is damaged: {}", k, zip_strerror(archive)));
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if ((facts.valid & kNeeded) != kNeeded || !plain(facts.name))
      throw IoError(name, fmt::format("member {} has no usable name or size", k), "the file is damaged");
    members_.push_back({facts.name, facts.size});
    const std::string place = this->place(members_.size() - 1);

    if (facts.encryption_method != ZIP_EM_NONE) throw IoError(place, "is encrypted", "save it without a password");
    if (facts.comp_method != ZIP_CM_STORE && facts.comp_method != ZIP_CM_DEFLATE)
      throw IoError(place,
                    fmt::format("is packed by method {}; stored and deflated members are read", facts.comp_method));
    if (facts.comp_size > bytes.size() - packed)
      throw IoError(place, "claims more packed bytes than the file has left", "the file is damaged");
    packed += facts.comp_size;
    if (facts.size / kMostExpansion > facts.comp_size)
      throw IoError(place, fmt::format("claims to expand from {} to {} bytes, which no packing can", facts.comp_size,
                                       facts.size));
    if (facts.size > kMostExpanded - expanded)
      throw IoError(place, "expands the archive beyond the 8 GiB that are read");
    expanded += facts.size;
  }
  sorted_.resize(members_.size());
  std::iota(sorted_.begin(), sorted_.end(), size_t(0));
  std::sort(sorted_.begin(), sorted_.end(), [&](size_t a, size_t b) { return members_[a].name < members_[b].name; });
  for (size_t i = 1; i < sorted_.size(); ++i)
    if (members_[sorted_[i]].name == members_[sorted_[i - 1]].name)
      throw IoError(name, fmt::format("has the member '{}' twice", members_[sorted_[i]].name));
}

int64_t ZipArchive::find(std::string_view name) const {
  const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), name,
                                      [&](size_t i, std::string_view wanted) { return members_[i].name < wanted; });
  return found == sorted_.end() || members_[*found].name != name ? -1 : int64_t(*found);
}

std::string ZipArchive::place(size_t member) const { return fmt::format("{}[{}]", file_, members_[member].name); }

std::string ZipArchive::read(size_t index) const {
  zip_t* const   archive = handle_->archive.get();
  const uint64_t size    = members_[index].size;
  const auto     damaged = [&](const std::string& why) {
    return IoError(place(index), "cannot be read from the archive: " + why,
                       "the file is damaged; copy or save it again");
  };
  const OpenMember member(zip_fopen_index(archive, index, 0));
  if (!member) throw damaged(zip_strerror(archive));

  // grow with what really comes; the claim is only an upper bound
  std::string bytes;
  for (;;) {
    const size_t before = bytes.size();
    const size_t room   = std::max<size_t>(1, std::min<uint64_t>(size - before, kPiece));  // 1: meets the end
    bytes.resize(before + room);
    const zip_int64_t n = zip_fread(member.get(), bytes.data() + before, room);
    if (n < 0) throw damaged(zip_error_strerror(zip_file_get_error(member.get())));
    bytes.resize(before + size_t(n));
    if (bytes.size() > size) throw damaged(fmt::format("it is longer than the {} bytes it claims", size));
    if (n == 0) break;
  }
  if (bytes.size() < size) throw damaged(fmt::format("it claims {} bytes and has {}", size, bytes.size()));
  return bytes;
}

std::string zip_bytes(const std::vector<ZipEntry>& entries) {
  ZipError error;
  Source   source(zip_source_buffer_create(nullptr, 0, 0, &error.error));
  if (!source) throw std::bad_alloc();
  Archive archive(zip_open_from_source(source.get(), ZIP_CREATE | ZIP_TRUNCATE, &error.error));
  if (!archive) throw IoError("archive", "cannot be made: " + error.text());
  zip_source_keep(source.get());  // once for the archive, once for us, who read it after closing

  std::set<std::string> seen;
  for (const ZipEntry& entry : entries) {
    if (!plain(entry.name)) throw IoError("archive", fmt::format("'{}' cannot be the name of a member", entry.name));
    if (!seen.insert(entry.name).second)
      throw IoError("archive", fmt::format("the member '{}' appears twice", entry.name));

    // libzip reads the bytes when it closes the archive
    zip_source_t* content = zip_source_buffer(archive.get(), entry.bytes.data(), entry.bytes.size(), 0);
    if (!content) throw std::bad_alloc();
    const zip_int64_t k = zip_file_add(archive.get(), entry.name.c_str(), content, ZIP_FL_ENC_UTF_8);
    if (k < 0) {
      zip_source_free(content);
      throw IoError("archive", fmt::format("'{}' cannot be added: {}", entry.name, zip_strerror(archive.get())),
                    "names must be UTF-8");
    }
    const auto index  = zip_uint64_t(k);
    const int  method = entry.deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE;
    expects(zip_set_file_compression(archive.get(), index, method, 0) == 0 &&
                zip_file_set_dostime(archive.get(), index, 0, 0x21, 0) == 0,  // 1980-01-01, the same for ever
            "settings of an archive member");
  }
  if (entries.empty()) return std::string("PK\5\6", 4) + std::string(18, '\0');  // libzip writes nothing at all
  if (zip_close(archive.get()) != 0)
    throw IoError("archive", std::string("cannot be written: ") + zip_strerror(archive.get()));
  archive.release();

  zip_stat_t facts;
  zip_stat_init(&facts);
  expects(zip_source_stat(source.get(), &facts) == 0 && zip_source_open(source.get()) == 0, "a finished archive");
  std::string       bytes(facts.size, '\0');
  const zip_int64_t n = zip_source_read(source.get(), bytes.data(), bytes.size());
  zip_source_close(source.get());
  expects(n == zip_int64_t(bytes.size()), "the length of a finished archive");
  return bytes;
}

}  // namespace dynode
