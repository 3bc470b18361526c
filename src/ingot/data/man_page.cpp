#include "ingot/data/man_page.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>
#include <vector>

#include "ingot/data/man_glyphs.h"

namespace ingot {
namespace {

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class ManPage {
 public:
  std::string convert(std::string_view troff) {
    for (size_t begin = 0; begin < troff.size();) {
      const size_t end = std::min(troff.find('\n', begin), troff.size());
      std::string line(troff.substr(begin, end - begin));
      begin = end + 1;
      // A backslash at the end of the line joins it to the next.
      while (begin < troff.size() && line.ends_with('\\') && !line.ends_with("\\\\")) {
        line.pop_back();
        const size_t more = std::min(troff.find('\n', begin), troff.size());
        line.append(troff, begin, more - begin);
        begin = more + 1;
      }
      if (line.ends_with('\r')) line.pop_back();
      take_line(line);
    }
    flush();
    return std::move(out_);
  }

 private:
  void take_line(std::string_view line) {
    if (skip_until_dots_) {  // the body of a macro definition
      skip_until_dots_ = !(line == ".." || line.starts_with("..\\\""));
      return;
    }
    if (skip_depth_ > 0) {  // the branch of a conditional that is not taken
      count_braces(line);
      return;
    }
    if (table_ != Table::None && !line.starts_with(".TE")) return table_line(line);
    if (line.empty()) return break_paragraph();
    if (line[0] != '.' && line[0] != '\'') return text_line(line);
    size_t at = 1;
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
    size_t end = at;
    while (end < line.size() && line[end] != ' ' && line[end] != '\t' && line[end] != '\\') ++end;
    const std::string_view name = line.substr(at, end - at);
    if (name.empty() && line.substr(at).starts_with("\\\"")) return;
    while (end < line.size() && (line[end] == ' ' || line[end] == '\t')) ++end;
    request(name, line.substr(end));
  }

  void request(std::string_view name, std::string_view rest) {
    if (name == "\\}" || name == "}" || name.empty()) return;
    if (is_any_of(name, {"if", "ie"})) return conditional(rest, name == "ie");
    if (name == "el") return branch(rest, !last_condition_);
    if (is_any_of(name, {"de", "de1", "am", "ig"})) return void(skip_until_dots_ = true);
    if (name == "ds") return define_string(rest);
    if (name == "TS") return flush(), void(table_ = Table::Options), table_separator_ = '\t', void();
    if (name == "TE") return void(table_ = Table::None), break_paragraph();
    if (is_any_of(name, {"nf", "EX", "Bd", "Vb"})) return flush(), void(fill_ = false);
    if (is_any_of(name, {"fi", "EE", "Ed", "Ve"})) return flush(), void(fill_ = true);
    const auto args = arguments(rest);
    if (name == "TH" || name == "Dt") return title(args);
    if (is_any_of(name, {"SH", "SS", "Sh", "Ss"})) return heading(args);
    if (is_any_of(name, {"PP", "P", "LP", "HP", "Pp"})) return break_paragraph(), void(hang_ = 0);
    if (name == "sp") return break_paragraph();
    if (name == "br" || name == "ti") return flush();
    if (name == "RS") return flush(), void(base_ += hang_ ? hang_ : kIndent), void(hang_ = 0);
    if (name == "RE") return flush(), void(base_ = std::max(0, base_ - kIndent)), void(hang_ = 0);
    if (is_any_of(name, {"TP", "TQ"})) return break_paragraph(name == "TP"), void(hang_ = 0), void(tag_next_ = true);
    if (name == "IP" || name == "It") return item(name, args);
    if (name == "El") return break_paragraph(), void(hang_ = 0);
    if (is_any_of(name, {"UR", "MT"})) return void(link_ = args.empty() ? "" : args[0]);
    if (is_any_of(name, {"UE", "ME"}))
      return add_text(link_.empty() ? "" : "<" + link_ + ">" + (args.empty() ? "" : args[0]));
    if (is_any_of(name, {"B", "I", "SM", "SB", "R", "CW"})) return emphasis(args, " ");
    if (is_any_of(name, {"BR", "RB", "BI", "IB", "IR", "RI"})) return emphasis(args, "");
    if (name == "SY") return flush(), add_text(args.empty() ? "" : args[0]);
    if (name == "OP") return add_text("[" + join(args, " ") + "]");
    if (name == "q") return add_text("“" + join(args, " ") + "”");
    if (name.size() == 2 && std::isupper(static_cast<unsigned char>(name[0])) &&
        std::islower(static_cast<unsigned char>(name[1])))
      add_text(mdoc(name, args));
  }

  // ---- conditionals: nroff is true, everything that needs arithmetic is false ----
  void conditional(std::string_view rest, bool remember) {
    const bool negated = rest.starts_with('!');
    if (negated) rest.remove_prefix(1);
    size_t end = 0;
    while (end < rest.size() && rest[end] != ' ' && !rest.substr(end).starts_with("\\{")) ++end;
    const bool taken = (rest.substr(0, end) == "n") != negated;
    if (remember) last_condition_ = taken;
    rest.remove_prefix(end);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    branch(rest, taken);
  }

  void branch(std::string_view rest, bool taken) {
    if (!taken) return count_braces(rest);
    if (rest.starts_with("\\{")) rest.remove_prefix(2);
    while (rest.starts_with(' ') || rest == "\\") rest.remove_prefix(1);
    if (!rest.empty()) take_line(rest);
  }

  void count_braces(std::string_view line) {
    for (size_t i = 0; i + 1 < line.size(); ++i)
      if (line[i] == '\\') skip_depth_ += line[i + 1] == '{' ? 1 : line[i + 1] == '}' ? -1 : 0;
    skip_depth_ = std::max(0, skip_depth_);
  }

  void define_string(std::string_view rest) {
    const size_t end = std::min(rest.find(' '), rest.size());
    std::string_view value = rest.substr(std::min(end + 1, rest.size()));
    if (value.starts_with('"')) value.remove_prefix(1);
    if (strings_.size() < 1000) strings_[std::string(rest.substr(0, end))] = inline_text(value);
  }

  // ---- structure ----
  void title(const std::vector<std::string>& args) {
    flush();
    if (args.empty()) return;
    out_ += args[0] + (args.size() > 1 ? "(" + args[1] + ")" : "") + "\n";
  }

  void heading(const std::vector<std::string>& args) {
    break_paragraph();
    fill_ = true;
    base_ = hang_ = 0;
    if (args.empty()) return void(tag_next_ = true);  // the heading is on the next line
    out_ += join(args, " ") + "\n";
  }

  void item(std::string_view name, const std::vector<std::string>& args) {
    break_paragraph();
    hang_ = 0;
    const std::string tag = name == "It" ? mdoc_text(args) : args.empty() ? "" : args[0];
    if (!tag.empty()) {
      paragraph_ = tag;
      // Bullets and numbers stand before their text; longer tags on a line of their own.
      if (tag.size() > 4) flush();
    }
    hang_ = kIndent;
  }

  void text_line(std::string_view line) {
    if (fill_ && line[0] == ' ') flush();
    add_text(inline_text(line));
    if (std::exchange(continues_, false)) joined_ = true;
  }

  void emphasis(const std::vector<std::string>& args, std::string_view between) {
    if (!args.empty()) add_text(join(args, between));
  }

  void add_text(std::string text) {
    if (text.empty()) return;
    if (!fill_) {
      if (joined_) {
        if (!out_.empty() && out_.back() == '\n') out_.pop_back();
        joined_ = false;
      }
      paragraph_ += text;
      flush();
    } else {
      if (!paragraph_.empty() && !joined_) paragraph_ += ' ';
      joined_ = false;
      paragraph_ += text;
    }
    if (tag_next_) {
      tag_next_ = false;
      flush();
      hang_ = kIndent;
    }
  }

  void flush() {
    if (paragraph_.empty()) return;
    out_.append(size_t(std::min(base_ + hang_, kDeepest)), ' ').append(paragraph_) += '\n';
    paragraph_.clear();
  }

  void break_paragraph(bool blank = true) {
    flush();
    if (blank && !out_.empty() && !out_.ends_with("\n\n")) out_ += '\n';
  }

  // ---- tables of tbl(1): the format section is skipped, cells are separated by tabs ----
  void table_line(std::string_view line) {
    if (table_ == Table::Options) {
      const size_t tab = line.find("tab");
      if (tab != std::string_view::npos) {
        const size_t open = line.find('(', tab);
        if (open != std::string_view::npos && open + 1 < line.size()) table_separator_ = line[open + 1];
      }
      table_ = Table::Format;
      if (line.ends_with(';')) return;
    }
    if (table_ == Table::Format) {
      while (line.ends_with(' ')) line.remove_suffix(1);
      if (line.ends_with('.')) table_ = Table::Rows;
      return;
    }
    if (line.starts_with(".T&")) return void(table_ = Table::Format);
    if (line.starts_with('.')) {
      // Font macros inside T{ T} blocks carry text.
      const auto args = arguments(line.substr(std::min(line.find(' '), line.size())));
      if (in_block_ && !args.empty())
        paragraph_ += (paragraph_.ends_with('\t') || paragraph_.empty() ? "" : " ") + join(args, "");
      return;
    }
    if (line == "_" || line == "=") return;
    if (in_block_ && line.starts_with("T}")) {
      in_block_ = false;
      line.remove_prefix(2);
    } else if (in_block_ && !paragraph_.empty() && !paragraph_.ends_with('\t')) {
      paragraph_ += ' ';
    }
    std::string row(line);
    if (row.ends_with("T{")) {
      row.resize(row.size() - 2);
      in_block_ = true;
    }
    std::replace(row.begin(), row.end(), table_separator_, '\t');
    paragraph_ += inline_text(row);
    if (!in_block_) flush();
  }

  // ---- mdoc: macros call each other along the line ----
  std::string mdoc_text(const std::vector<std::string>& args, size_t from = 0) {
    std::string text;
    for (size_t i = from; i < args.size(); ++i) {
      const bool macro = args[i].size() == 2 && std::isupper(static_cast<unsigned char>(args[i][0])) &&
                         std::islower(static_cast<unsigned char>(args[i][1]));
      std::string piece = macro ? mdoc(args[i], {args.begin() + long(i) + 1, args.end()}) : args[i];
      const bool closing = piece.size() == 1 && std::string_view(".,:;)]?!").find(piece[0]) != std::string_view::npos;
      if (!text.empty() && !closing && !piece.empty()) text += ' ';
      text += piece;
      if (macro) break;
    }
    return text;
  }

  std::string mdoc(std::string_view name, const std::vector<std::string>& args) {
    if (is_any_of(name, {"Dd", "Os", "Bl", "Bk", "Ek", "Rs", "Re", "Sm", "Db", "Tn"}) && name != "Tn") return "";
    if (name == "Nm") {
      if (!args.empty() && name_.empty()) name_ = args[0];
      return args.empty() || (args[0].size() == 1 && std::ispunct(static_cast<unsigned char>(args[0][0])))
                 ? name_ + mdoc_text(args)
                 : mdoc_text(args);
    }
    if (name == "Nd") return "- " + mdoc_text(args);
    if (name == "Ar" && args.empty()) return "file ...";
    if (name == "Fl") return args.empty() ? "-" : "-" + mdoc_text(args);
    if (name == "Xr" && args.size() > 1) return args[0] + "(" + args[1] + ")" + mdoc_text(args, 2);
    if (name == "Fn" && !args.empty()) return args[0] + "(" + join({args.begin() + 1, args.end()}, ", ") + ")";
    if (name == "In") return "#include <" + mdoc_text(args) + ">";
    static const std::map<std::string_view, std::pair<std::string_view, std::string_view>> kPairs = {
        {"Op", {"[", "]"}}, {"Bq", {"[", "]"}}, {"Pq", {"(", ")"}},   {"Aq", {"<", ">"}}, {"Brq", {"{", "}"}},
        {"Dq", {"“", "”"}}, {"Sq", {"‘", "’"}}, {"Qq", {"\"", "\""}}, {"Ql", {"‘", "’"}}};
    if (const auto pair = kPairs.find(name); pair != kPairs.end()) {
      // Trailing punctuation stays outside the brackets.
      std::vector<std::string> inner(args);
      std::string after;
      while (!inner.empty() && inner.back().size() == 1 &&
             std::string_view(".,:;").find(inner.back()[0]) != std::string_view::npos) {
        after = inner.back() + after;
        inner.pop_back();
      }
      return std::string(pair->second.first) + mdoc_text(inner) + std::string(pair->second.second) + after;
    }
    return mdoc_text(args);
  }

  // ---- arguments and escapes ----
  static std::string join(const std::vector<std::string>& parts, std::string_view between) {
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i) (text += i ? between : "") += parts[i];
    return text;
  }

  std::vector<std::string> arguments(std::string_view rest) {
    std::vector<std::string> args;
    for (size_t at = 0; at < rest.size();) {
      if (rest[at] == ' ' || rest[at] == '\t') {
        ++at;
        continue;
      }
      if (rest.substr(at).starts_with("\\\"")) break;
      std::string arg;
      const bool quoted = rest[at] == '"';
      if (quoted) ++at;
      while (at < rest.size()) {
        if (quoted && rest[at] == '"') {
          if (at + 1 < rest.size() && rest[at + 1] == '"')
            ++at;  // "" is one quote
          else
            break;
        } else if (!quoted && (rest[at] == ' ' || rest[at] == '\t')) {
          break;
        } else if (rest[at] == '\\' && at + 1 < rest.size()) {
          arg += rest[at++];
        }
        arg += rest[at++];
      }
      if (quoted && at < rest.size()) ++at;
      args.push_back(inline_text(arg));
    }
    return args;
  }

  // The name behind \*, \(, \[ and \f: x, (xx or [name].
  static std::string_view escape_name(std::string_view text, size_t& at) {
    if (at >= text.size()) return {};
    if (text[at] == '(') {
      const auto name = text.substr(at + 1, 2);
      at = std::min(at + 3, text.size());
      return name;
    }
    if (text[at] == '[') {
      const size_t close = std::min(text.find(']', at), text.size());
      const auto name = text.substr(at + 1, close - at - 1);
      at = std::min(close + 1, text.size());
      return name;
    }
    return text.substr(at++, 1);
  }

  std::string inline_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
      const size_t slash = std::min(text.find('\\', at), text.size());
      out.append(text, at, slash - at);
      at = slash + 1;
      if (at >= text.size()) break;
      const char escape = text[at++];
      switch (escape) {
        case '"':
          return out;  // comment
        case '#':
          return out;
        case 'f':
        case 'F':
        case 'm':
        case 'M':
        case 'n':
        case 'k':
        case 'g':
          escape_name(text, at);
          break;
        case 's':  // size: \s-1, \s(12, \s0
          if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
          escape_name(text, at);
          break;
        case '*': {
          const auto name = escape_name(text, at);
          if (const auto found = strings_.find(std::string(name)); found != strings_.end())
            out += found->second;
          else if (name == "lq" || name == "rq")
            out += man_glyph(name);
          else if (name == "R")
            out += "®";
          else if (name == "Tm")
            out += "™";
          break;
        }
        case '(':
        case '[': {
          --at;
          out += man_glyph(escape_name(text, at));
          break;
        }
        case 'c':
          continues_ = true;
          return out;
        case 'e':
        case '\\':
          out += '\\';
          break;
        case '-':
          out += '-';
          break;
        case '\'':
          out += '\'';
          break;
        case '`':
          out += '`';
          break;
        case '.':
          out += '.';
          break;
        case 't':
          out += '\t';
          break;
        case ' ':
        case '~':
        case '0':
          out += ' ';
          break;
        case 'w':
        case 'h':
        case 'v':
        case 'o':
        case 'N':
        case 'l':
        case 'L':
        case 'D':
        case 'b':
        case 'Z':
        case 'X': {
          if (at >= text.size()) break;  // an argument between delimiters, as in \w'text'
          const size_t close = text.find(text[at], at + 1);
          at = close == std::string_view::npos ? text.size() : close + 1;
          break;
        }
        case '{':
        case '}':
        case '&':
        case ')':
        case '%':
        case ':':
        case '|':
        case '^':
        case '/':
        case ',':
        case 'd':
        case 'u':
        case 'r':
        case 'p':
        case 'z':
        case 'a':
          break;
        default:
          out += escape;
      }
    }
    return out;
  }

  enum class Table { None, Options, Format, Rows };
  static constexpr int kIndent = 4;
  static constexpr int kDeepest = 40;

  std::string out_;
  std::string paragraph_;  // words of the paragraph so far
  std::map<std::string, std::string> strings_;
  std::string link_;
  std::string name_;  // mdoc's .Nm
  bool fill_ = true;
  bool joined_ = false;     // no space before the next text (\c)
  bool continues_ = false;  // the line just read ended in \c
  bool tag_next_ = false;   // the next text is the tag of .TP or a heading
  bool last_condition_ = false;
  bool skip_until_dots_ = false;
  bool in_block_ = false;  // between T{ and T}
  int skip_depth_ = 0;
  int base_ = 0;
  int hang_ = 0;
  Table table_ = Table::None;
  char table_separator_ = '\t';
};

}  // namespace

std::string clean_man_page(std::string_view troff) { return ManPage().convert(troff); }

}  // namespace ingot
