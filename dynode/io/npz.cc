#include "dynode/io/npz.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "dynode/base/error.h"
#include "dynode/base/text.h"
#include "dynode/io/file.h"
#include "dynode/io/zip.h"

namespace dynode {
namespace {

constexpr std::string_view kEnding = ".npy";

}  // namespace

Npz::Npz(std::string file, std::vector<Entry> entries, std::map<std::string, ElementTypeError> unread)
    : file_(std::move(file)), entries_(std::move(entries)), sorted_(entries_.size()), unread_(std::move(unread)) {
  std::iota(sorted_.begin(), sorted_.end(), size_t(0));
  std::sort(sorted_.begin(), sorted_.end(), [&](size_t a, size_t b) { return entries_[a].first < entries_[b].first; });
}

std::vector<std::string> Npz::names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.first);
  return names;
}

const Array* Npz::find(std::string_view name) const {
  const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), name,
                                      [&](size_t i, std::string_view wanted) { return entries_[i].first < wanted; });
  return found == sorted_.end() || entries_[*found].first != name ? nullptr : &entries_[*found].second;
}

const Array& Npz::at(std::string_view name) const {
  const Array* array = find(name);
  if (const auto found = unread_.find(std::string(name)); found != unread_.end()) throw found->second;
  if (!array) throw IoError(file_, fmt::format("has no array '{}'", name), did_you_mean(name, names()));
  return *array;
}

Npz parse_npz(std::string_view bytes, const std::string& name) {
  const ZipArchive archive(bytes, name, {".npz file", "np.savez writes such files; it may be cut off"});

  std::vector<Npz::Entry>                 entries;
  std::map<std::string, ElementTypeError> unread;
  for (size_t k = 0; k < archive.members().size(); ++k) {
    std::string member = archive.members()[k].name;
    if (!member.ends_with(kEnding))
      throw IoError(name, fmt::format("holds '{}', which is not an array", member),
                    "every member of a .npz file is a .npy file");
    member.resize(member.size() - kEnding.size());
    try {
      Array array = parse_npy(archive.read(k), archive.place(k));
      entries.emplace_back(std::move(member), std::move(array));
    } catch (const ElementTypeError& error) { unread.emplace(std::move(member), error); }
  }
  return Npz(name, std::move(entries), std::move(unread));
}

std::string npz_bytes(const std::vector<Npz::Entry>& entries, Packing packing) {
  std::vector<ZipEntry> members;
  members.reserve(entries.size());
  for (const auto& [name, array] : entries) {
    if (name.empty()) throw IoError("archive", "'' cannot be the name of an array");
    members.push_back({name + std::string(kEnding), npy_bytes(array), packing == Packing::deflated});
  }
  return zip_bytes(members);
}

Npz load_npz(const std::string& path) { return parse_npz(read_file(path), path); }

void save_npz(const std::string& path, const std::vector<Npz::Entry>& entries, Packing packing) {
  write_file(path, npz_bytes(entries, packing));
}

}  // namespace dynode
