// Typed configuration: one `visit` per struct is the only list of its fields. Reading, unknown-key errors, writing
// back, hashing and the docs page all come from it.
//
//   struct GptConfig {
//     int64_t n_head = 12;
//     template <typename Self, typename Visitor> static void visit(Self& self, Visitor& v) {
//       v("n_head", self.n_head, "attention heads per block");
//     }
//     Problems validate() const;   // optional: cross-field rules, every problem, fields named without the section
//   };
//   const auto config = read_config<GptConfig>(document, "model");
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/json.h"
#include "ingot/base/toml.h"

namespace ingot {

// Specialise for each enum that appears in a config:
//   template <> struct EnumNames<Activation> { static constexpr std::pair<const char*, Activation> kValues[] = {...};
//   };
template <typename E>
struct EnumNames;

template <typename E>
concept NamedEnum = std::is_enum_v<E> && requires {
  EnumNames<E>::kValues;
};

template <NamedEnum E>
std::string enum_name(E value) {
  for (const auto& [name, v] : EnumNames<E>::kValues)
    if (v == value) return name;
  return "?";
}

namespace detail {
struct AnyVisitor {
  template <typename T>
  void operator()(const char*, T&&, const char*) {}
};
template <typename T>
inline constexpr bool is_vector = false;
template <typename T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;
}  // namespace detail

// A scalar with its own text form (money, dates): optional<T> from_config(Json), Json to_config(), and kExpected for
// errors.
template <typename T>
concept ConfigScalar = requires(const T& t, const Json& j) {
  T::from_config(j);
  t.to_config();
  T::kExpected;
};

template <typename T>
concept Visitable = requires(T& t, detail::AnyVisitor& v) {
  T::visit(t, v);
};

// Reads one table into a struct and gathers every problem. `path` is the dotted key of the table in the document.
class ConfigReader {
 public:
  ConfigReader(const Document& document, const Json& table, std::string path, Problems& problems)
      : document_(document), table_(table), path_(std::move(path)), problems_(problems) {}

  template <typename T>
  void operator()(const char* name, T& field, const char* /*doc*/) {
    names_.emplace_back(name);
    if (!table_.is_object()) return;
    if (const auto found = table_.find(name); found != table_.end()) read(*found, key(name), field);
  }

  // Call after visit: reports every key that no field claimed.
  void finish() {
    if (!table_.is_object()) {
      problems_.push_back(document_.at(path_) + ": got " + table_.dump() + ", expected a table");
      return;
    }
    for (const auto& [name, value] : table_.items())
      if (std::find(names_.begin(), names_.end(), name) == names_.end())
        problems_.push_back(document_.at(key(name)) + ": unknown key" + suggest(name, names_));
  }

 private:
  std::string key(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }

  void wrong(const std::string& key, const Json& value, const std::string& expected) {
    problems_.push_back(document_.at(key) + ": got " + value.dump() + ", expected " + expected);
  }

  template <typename T>
  void read(const Json& value, const std::string& key, T& field) {
    if constexpr (std::is_same_v<T, bool>) {
      value.is_boolean() ? void(field = value.get<bool>()) : wrong(key, value, "true or false");
    } else if constexpr (std::integral<T>) {
      if (!value.is_number_integer()) return wrong(key, value, "a whole number");
      const auto number = value.get<int64_t>();
      if (!std::in_range<T>(number)) return wrong(key, value, "a number that fits its range");
      field = T(number);
    } else if constexpr (std::floating_point<T>) {
      value.is_number() ? void(field = value.get<T>()) : wrong(key, value, "a number");
    } else if constexpr (std::is_same_v<T, std::string>) {
      value.is_string() ? void(field = value.get<std::string>()) : wrong(key, value, "a string in quotes");
    } else if constexpr (std::is_same_v<T, Json>) {
      field = value;
    } else if constexpr (ConfigScalar<T>) {
      if (auto read = T::from_config(value))
        field = std::move(*read);
      else
        wrong(key, value, T::kExpected);
    } else if constexpr (NamedEnum<T>) {
      std::vector<std::string> names;
      for (const auto& [name, v] : EnumNames<T>::kValues) {
        names.emplace_back(name);
        if (value.is_string() && value.get<std::string>() == name) return void(field = v);
      }
      problems_.push_back(document_.at(key) + ": got " + value.dump() +
                          suggest(value.is_string() ? value.get<std::string>() : "", names));
    } else if constexpr (detail::is_optional<T>) {
      field.emplace();
      read(value, key, *field);
    } else if constexpr (detail::is_vector<T>) {
      if (!value.is_array()) return wrong(key, value, "a list in [ ]");
      field.clear();
      for (size_t i = 0; i < value.size(); ++i) {
        typename T::value_type item{};
        read(value[i], key + "[" + std::to_string(i) + "]", item);
        field.push_back(std::move(item));
      }
    } else {
      static_assert(Visitable<T>, "a config field is a scalar, string, enum, list, optional or a struct with visit()");
      ConfigReader nested(document_, value, key, problems_);
      nested.read_struct(field);
    }
  }

 public:
  template <Visitable T>
  void read_struct(T& config) {
    const size_t before = problems_.size();
    T::visit(config, *this);
    finish();
    if constexpr (requires { config.validate(); }) {
      if (problems_.size() > before) return;                  // cross-field rules make no sense on half-read fields
      for (const std::string& problem : config.validate()) {  // "field: got .., expected .."
        const size_t field = std::min(problem.find_first_of(": "), problem.size());
        problems_.push_back(document_.at(key(problem.substr(0, field))) + problem.substr(field));
      }
    }
  }

 private:
  const Document& document_;
  const Json& table_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string> names_;
};

// Writes a struct to Json with every field, in declaration order.
class ConfigWriter {
 public:
  template <typename T>
  void operator()(const char* name, const T& field, const char* /*doc*/) {
    if (Json value = write(field); !value.is_null()) result[name] = std::move(value);
  }
  template <typename T>
  static Json write(const T& field) {
    if constexpr (NamedEnum<T>) {
      return enum_name(field);
    } else if constexpr (ConfigScalar<T>) {
      return field.to_config();
    } else if constexpr (detail::is_optional<T>) {
      return field ? write(*field) : Json();
    } else if constexpr (detail::is_vector<T>) {
      Json list = Json::array();
      for (const auto& item : field) list.push_back(write(item));
      return list;
    } else if constexpr (Visitable<T>) {
      ConfigWriter writer;
      T::visit(field, writer);
      return writer.result;
    } else {
      return field;
    }
  }
  Json result = Json::object();
};

// Reads document.root[section] ("" = the root). An absent section gives the defaults. Throws one InvalidArgument
// that lists every problem with its place in the file.
template <Visitable T>
T read_config(const Document& document, const std::string& section, T config = {}) {
  Problems problems;
  const Json empty = Json::object();
  const Json* table = &document.root;
  if (!section.empty()) {
    const auto found = document.root.find(section);
    table = found == document.root.end() ? &empty : &*found;
  }
  ConfigReader reader(document, *table, section, problems);
  reader.read_struct(config);
  throw_if_any("recipe", problems);
  if (document.resolved) (*document.resolved)[section] = ConfigWriter::write(config);
  return config;
}

template <Visitable T>
Json write_config(const T& config) {
  return ConfigWriter::write(config);
}

// Throws InvalidArgument when the root holds a section that is not in `sections`.
inline void check_sections(const Document& document, const std::vector<std::string>& sections) {
  Problems problems;
  for (const auto& [name, value] : document.root.items())
    if (std::find(sections.begin(), sections.end(), name) == sections.end())
      problems.push_back(document.at(name) + ": unknown section" + suggest(name, sections));
  throw_if_any("recipe", problems);
}

}  // namespace ingot
