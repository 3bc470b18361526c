#include "ingot/plan/finance/ocf.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "ingot/base/file.h"

namespace ingot::finance {
namespace {

struct FileType {
  const char* type;
  const char* manifest_key;
  const char* name;
};
constexpr FileType kFileTypes[] = {
    {"OCF_DOCUMENTS_FILE", "documents_files", "Documents.ocf.json"},
    {"OCF_FINANCINGS_FILE", "financings_files", "Financings.ocf.json"},
    {"OCF_STAKEHOLDERS_FILE", "stakeholders_files", "Stakeholders.ocf.json"},
    {"OCF_STOCK_CLASSES_FILE", "stock_classes_files", "StockClasses.ocf.json"},
    {"OCF_STOCK_LEGEND_TEMPLATES_FILE", "stock_legend_templates_files", "StockLegends.ocf.json"},
    {"OCF_STOCK_PLANS_FILE", "stock_plans_files", "StockPlans.ocf.json"},
    {"OCF_TRANSACTIONS_FILE", "transactions_files", "Transactions.ocf.json"},
    {"OCF_VALUATIONS_FILE", "valuations_files", "Valuations.ocf.json"},
    {"OCF_VESTING_TERMS_FILE", "vesting_terms_files", "VestingTerms.ocf.json"},
};
// Required in a manifest even when empty.
constexpr const char* kRequired[] = {
    "OCF_STAKEHOLDERS_FILE", "OCF_STOCK_CLASSES_FILE", "OCF_STOCK_LEGEND_TEMPLATES_FILE", "OCF_STOCK_PLANS_FILE",
    "OCF_TRANSACTIONS_FILE", "OCF_VALUATIONS_FILE",    "OCF_VESTING_TERMS_FILE"};

const FileType* find_type(const std::string& type) {
  for (const auto& t : kFileTypes)
    if (type == t.type) return &t;
  return nullptr;
}

std::string md5_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4], hex += kDigits[digest[i] & 15];
  }
  return hex;
}

std::string file_text(const Json& document) { return to_text(document, 2) + "\n"; }

std::string text_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

OcfPackage read_ocf(const std::filesystem::path& folder) {
  if (!fs::is_directory(folder))
    fail(ErrorKind::NotFound, "ocf", folder.string(),
         " is no folder, expected an OCF package (a folder of *.ocf.json)");
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().string().ends_with(".ocf.json")) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());

  OcfPackage package;
  Problems problems;
  bool manifest = false;
  for (const auto& path : paths) {
    Json document = read_json(path);
    const std::string name = fs::relative(path, folder).generic_string();
    const std::string type = document.is_object() ? text_member(document, "file_type") : "";
    if (type == "OCF_MANIFEST_FILE") {
      if (manifest) problems.push_back(name + ": a second manifest, expected one in a package");
      manifest = true;
      package.manifest = std::move(document);
      package.manifest_path = name;
      continue;
    }
    if (!find_type(type)) {
      problems.push_back(name + ": file_type is '" + type +
                         "', expected an OCF file type such as OCF_TRANSACTIONS_FILE");
      continue;
    }
    const auto items = document.find("items");
    if (items == document.end() || !items->is_array()) {
      problems.push_back(name + ": items is missing, expected a list");
      continue;
    }
    for (size_t i = 0; i < items->size(); ++i)
      for (const char* key : {"object_type", "id"})
        if (!(*items)[i].is_object() || text_member((*items)[i], key).empty())
          problems.push_back(name + ": items[" + std::to_string(i) + "]." + key + " is missing, expected a string");
    package.files.push_back({name, std::move(document)});
  }
  if (!manifest) problems.push_back(folder.string() + ": no file with file_type OCF_MANIFEST_FILE, expected one");
  throw_if_any("ocf", problems);
  return package;
}

void write_ocf(const OcfPackage& package, const std::filesystem::path& folder) {
  fs::create_directories(folder);
  for (const auto& file : package.files) {
    fs::create_directories((folder / file.path).parent_path());
    write_file_atomic(folder / file.path, file_text(file.document));
  }
  write_file_atomic(folder / package.manifest_path, file_text(package.manifest));
}

void refresh_manifest(OcfPackage& package, const std::string& generated_at) {
  for (const char* type : kRequired) file_for(package, type);
  package.manifest["generated_at"] = generated_at;
  for (const auto& type : kFileTypes) {
    Json list = Json::array();
    for (const auto& file : package.files)
      if (text_member(file.document, "file_type") == type.type)
        list.push_back({{"filepath", "./" + file.path}, {"md5", md5_hex(file_text(file.document))}});
    if (!list.empty()) package.manifest[type.manifest_key] = list;
  }
}

OcfFile& file_for(OcfPackage& package, const std::string& file_type) {
  for (auto& file : package.files)
    if (text_member(file.document, "file_type") == file_type) return file;
  const auto* type = find_type(file_type);
  INGOT_INVARIANT(type != nullptr, "unknown OCF file type ", file_type);
  package.files.push_back({type->name, {{"file_type", file_type}, {"items", Json::array()}}});
  return package.files.back();
}

}  // namespace ingot::finance
