#include "ingot/data/pii.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <arpa/inet.h>

namespace ingot {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_letter(char c) { return is_upper(char(c & ~0x20)); }
constexpr bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
constexpr bool is_hex(char c) { return is_digit(c) || (char(c & ~0x20) >= 'A' && char(c & ~0x20) <= 'F'); }
constexpr bool is_local(char c) { return is_alnum(c) || std::string_view("._%+-").find(c) != std::string_view::npos; }

char at(std::string_view text, size_t i) { return i < text.size() ? text[i] : '\0'; }

// The bytes where one of the scanners may begin or, for '@', find its middle.
constexpr auto kTrigger = [] {
  std::array<bool, 256> trigger{};
  for (int c = 0; c < 128; ++c) trigger[size_t(c)] = is_digit(char(c)) || c == '@' || c == '+' || c == '(' || c == ':';
  return trigger;
}();

std::optional<PiiHit> email_at(std::string_view text, size_t sign, size_t floor) {
  size_t begin = sign;
  while (begin > floor && sign - begin < 64 && is_local(text[begin - 1])) --begin;
  while (begin < sign && !is_alnum(text[begin]) && text[begin] != '_') ++begin;
  if (begin == sign || text[sign - 1] == '.') return {};
  size_t end = sign + 1, label = end, last_label = end;
  int labels = 0;
  while (end < text.size() && end - sign < 255) {
    if (is_alnum(text[end]) || text[end] == '-') {
      ++end;
    } else if (text[end] == '.' && end > label && is_alnum(at(text, end + 1))) {
      ++labels;
      label = last_label = ++end;
    } else {
      break;
    }
  }
  while (end > last_label && text[end - 1] == '-') --end;
  const auto top = text.substr(last_label, end - last_label);
  if (labels == 0 || top.size() < 2 || !std::all_of(top.begin(), top.end(), is_letter)) return {};
  return PiiHit{begin, end, Pii::Email};
}

bool is_global_v4(const uint8_t* b) {
  const bool special = b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224 || (b[0] == 169 && b[1] == 254) ||
                       (b[0] == 172 && b[1] >= 16 && b[1] < 32) || (b[0] == 192 && b[1] == 168) ||
                       (b[0] == 100 && b[1] >= 64 && b[1] < 128) ||               // RFC 6598
                       (b[0] == 192 && b[1] == 0 && (b[2] == 0 || b[2] == 2)) ||  // RFC 6890, 5737
                       (b[0] == 198 && (b[1] == 18 || b[1] == 19)) ||             // RFC 2544
                       (b[0] == 198 && b[1] == 51 && b[2] == 100) || (b[0] == 203 && b[1] == 0 && b[2] == 113);
  return !special;
}

// "Linux 2.6.38.6", "Section 6.1.1.1": the word before tells versions and paragraphs from addresses.
bool follows_numbering_word(std::string_view text, size_t begin) {
  if (begin == 0 || text[begin - 1] != ' ') return false;
  size_t from = begin - 1;
  while (from > 0 && is_letter(text[from - 1]) && begin - from < 12) --from;
  std::string word(text.substr(from, begin - 1 - from));
  for (char& c : word) c = char(c | 0x20);
  for (const std::string_view known :
       {"linux", "version", "release", "revision", "kernel", "firmware", "section", "chapter", "clause", "paragraph"})
    if (word == known) return true;
  return false;
}

std::optional<PiiHit> ipv4_at(std::string_view text, size_t begin) {
  uint8_t bytes[4];
  size_t i = begin;
  for (int part = 0; part < 4; ++part) {
    int value = 0, digits = 0;
    while (is_digit(at(text, i)) && digits < 4) value = value * 10 + (text[i++] - '0'), ++digits;
    if (digits == 0 || digits > 3 || value > 255 || (digits > 1 && text[i - size_t(digits)] == '0')) return {};
    bytes[part] = uint8_t(value);
    if (part < 3 && at(text, i++) != '.') return {};
  }
  // A fifth part makes it an object identifier or a version.
  if (is_alnum(at(text, i)) || (at(text, i) == '.' && is_digit(at(text, i + 1)))) return {};
  if (!is_global_v4(bytes) || follows_numbering_word(text, begin)) return {};
  return PiiHit{begin, i, Pii::Ip};
}

// `colon` is the first colon of a candidate; global unicast addresses are 2000::/3 (RFC 4291), which also keeps
// C++ names such as std::abs and times such as 12:34:56 out.
std::optional<PiiHit> ipv6_at(std::string_view text, size_t colon, size_t floor) {
  const size_t begin = colon - 4;
  if (colon < floor + 4 || (text[begin] != '2' && text[begin] != '3')) return {};
  if (begin > 0 && (is_alnum(text[begin - 1]) || text[begin - 1] == ':' || text[begin - 1] == '_')) return {};
  size_t end = begin;
  while (end < text.size() && end - begin < 45 && (is_hex(text[end]) || text[end] == ':' || text[end] == '.')) ++end;
  while (end > colon && (text[end - 1] == '.' || (text[end - 1] == ':' && text[end - 2] != ':'))) --end;
  char buffer[48] = {};
  in6_addr address;
  if (is_alnum(at(text, end)) || text.substr(begin, end - begin).ends_with("::")) return {};  // "2002::": a prefix
  std::memcpy(buffer, text.data() + begin, end - begin);
  if (inet_pton(AF_INET6, buffer, &address) != 1) return {};
  const uint8_t* b = address.s6_addr;
  if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8) return {};  // documentation, RFC 3849
  return PiiHit{begin, end, Pii::Ip};
}

// ISO 13616 registry, release 97: characters in an IBAN of each country.
constexpr std::pair<std::string_view, int> kIbanLengths[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
    {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
    {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22},
    {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32},
    {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19},
    {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31},
    {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28}, {"TL", 23},
    {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30}};

std::optional<PiiHit> iban_at(std::string_view text, size_t begin) {
  const auto country = std::find_if(std::begin(kIbanLengths), std::end(kIbanLengths),
                                    [&](const auto& entry) { return entry.first == text.substr(begin, 2); });
  if (country == std::end(kIbanLengths)) return {};
  std::string compact;
  size_t i = begin;
  for (; int(compact.size()) < country->second; ++i) {
    const char c = at(text, i);
    if (is_digit(c) || is_upper(c))
      compact += c;
    else if (!(c == ' ' && compact.size() % 4 == 0))
      return {};
  }
  if (is_alnum(at(text, i)) || !iban_ok(compact)) return {};
  return PiiHit{begin, i, Pii::Iban};
}

// Digits with at most one ' ', '-' or '.' between two of them, as phone and card numbers are written.
struct DigitRun {
  char digits[20];
  int num_digits = 0;
  int groups = 0;  // groups of digits
  int first_group = 0;
  char separator = 0;  // the only one, or '*' when they differ
  size_t end = 0;
};

DigitRun digit_run(std::string_view text, size_t begin, std::string_view separators) {
  DigitRun run;
  size_t i = begin;
  bool in_group = false;
  while (i < text.size() && run.num_digits < 20) {
    if (is_digit(text[i])) {
      if (!in_group) ++run.groups;
      in_group = true;
      run.digits[run.num_digits++] = text[i++];
      if (run.groups == 1) ++run.first_group;
      run.end = i;
    } else if (in_group && separators.find(text[i]) != std::string_view::npos && is_digit(at(text, i + 1))) {
      run.separator = run.separator == 0 || run.separator == text[i] ? text[i] : '*';
      in_group = false;
      ++i;
    } else {
      break;
    }
  }
  return run;
}

// Issuer identification ranges of ISO/IEC 7812 as the networks publish them.
bool is_card(std::string_view d) {
  const auto prefix = [&](int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) value = value * 10 + (d[size_t(i)] - '0');
    return value;
  };
  const auto in = [](int value, int first, int last) { return value >= first && value <= last; };
  const size_t n = d.size();
  if (n < 13 || n > 19 || !luhn_ok(d)) return false;
  if (d[0] == '4') return n == 13 || n == 16 || n == 19;                                // Visa
  if (in(prefix(2), 51, 55) || in(prefix(4), 2221, 2720)) return n == 16;               // Mastercard
  if (prefix(2) == 34 || prefix(2) == 37) return n == 15;                               // American Express
  if (in(prefix(3), 300, 305) || prefix(2) == 36 || prefix(2) == 38) return n == 14;    // Diners Club
  if (in(prefix(4), 3528, 3589)) return n >= 16;                                        // JCB
  if (prefix(4) == 6011 || in(prefix(3), 644, 649) || prefix(2) == 65) return n >= 16;  // Discover
  return prefix(2) == 62 && n >= 16;                                                    // UnionPay
}

bool boundary_before(std::string_view text, size_t begin) {
  if (begin == 0) return true;
  const char c = text[begin - 1];
  if (is_alnum(c) || c == '_') return false;
  // "3.14", "v1-2", "$12,50": the number began earlier.
  return !((c == '.' || c == '-' || c == ',' || c == '/') && begin >= 2 && is_alnum(text[begin - 2]));
}

std::optional<PiiHit> number_at(std::string_view text, size_t begin) {
  if (!boundary_before(text, begin)) return {};
  if (const auto ip = ipv4_at(text, begin)) return ip;
  const DigitRun card = digit_run(text, begin, " -");
  const std::string_view digits(card.digits, size_t(card.num_digits));
  const char after = at(text, card.end);
  const bool ends = !is_alnum(after) && after != '_';
  // GB 11643: 17 digits and a check character, unbroken.
  if (card.groups == 1 && (digits.size() == 18 || digits.size() == 17) && chinese_id_ok(text.substr(begin, 18)) &&
      !is_alnum(at(text, begin + 18)))
    return PiiHit{begin, begin + 18, Pii::ChineseId};
  if (ends && card.separator != '*' && is_card(digits)) return PiiHit{begin, card.end, Pii::Card};
  const DigitRun phone = digit_run(text, begin, " -.");
  const std::string_view d(phone.digits, size_t(phone.num_digits));
  const char next = at(text, phone.end);
  if (is_alnum(next) || next == '_' || next == '%' ||
      ((next == '-' || next == ':' || next == '/') && is_alnum(at(text, phone.end + 1))))
    return {};
  const bool mobile_cn = d.size() == 11 && d[0] == '1' && d[1] >= '3' && phone.separator != '.' &&
                         (phone.groups == 1 || (phone.groups == 3 && phone.first_group == 3));
  // North American Numbering Plan: area and exchange codes begin with 2 to 9.
  const bool nanp = d.size() == 10 && phone.groups == 3 && phone.first_group == 3 && d[0] >= '2' && d[3] >= '2' &&
                    phone.separator != '*' && at(text, begin + 7) == phone.separator && phone.separator != ' ';
  const bool nanp_1 =
      d.size() == 11 && d[0] == '1' && phone.groups == 4 && phone.first_group == 1 && d[1] >= '2' && d[4] >= '2';
  const bool trunk = d.size() >= 9 && d.size() <= 11 && d[0] == '0' && d[1] != '0' && phone.groups >= 3 &&
                     phone.first_group >= 2 && phone.first_group <= 5 && phone.separator != '.';
  const bool trunk_2 = d.size() >= 9 && d.size() <= 12 && d[0] == '0' && d[1] != '0' && phone.groups == 2 &&
                       phone.first_group >= 3 && phone.first_group <= 5 && phone.separator == '-';
  if (mobile_cn || nanp || nanp_1 || trunk || trunk_2) return PiiHit{begin, phone.end, Pii::Phone};
  return {};
}

// +44 20 7946 0958, +1 (415) 555-2671, +49-30-123456
std::optional<PiiHit> international_at(std::string_view text, size_t begin) {
  if (begin > 0 && (is_alnum(text[begin - 1]) || text[begin - 1] == '+')) return {};
  int digits = 0;
  size_t end = begin + 1;
  if (!is_digit(at(text, end)) || text[end] == '0') return {};
  bool open = false;
  for (size_t i = end; i < text.size() && digits <= 15; ++i) {
    const char c = text[i];
    if (is_digit(c)) {
      ++digits;
      end = i + 1;
    } else if (c == '(' && !open && is_digit(at(text, i + 1))) {
      open = true;
    } else if (c == ')' && open) {
      open = false;
    } else if (!((c == ' ' || c == '-' || c == '.') && (is_digit(at(text, i + 1)) || at(text, i + 1) == '('))) {
      break;
    }
  }
  // Without a separator it may be any signed number: then at least ten digits.
  if (digits < (end - begin - 1 == size_t(digits) ? 10 : 8) || digits > 15 || is_alnum(at(text, end))) return {};
  return PiiHit{begin, end, Pii::Phone};
}

// (415) 555-2671
std::optional<PiiHit> bracketed_at(std::string_view text, size_t begin) {
  size_t i = begin + 1;
  int area = 0;
  while (is_digit(at(text, i)) && area < 6) ++i, ++area;
  if (area < 2 || area > 5 || at(text, i) != ')') return {};
  ++i;
  if (at(text, i) == ' ' || at(text, i) == '-') ++i;
  if (!is_digit(at(text, i))) return {};
  const DigitRun rest = digit_run(text, i, " -.");
  const int total = area + rest.num_digits;
  if (total < 9 || total > 12 || rest.num_digits < 6 || is_alnum(at(text, rest.end))) return {};
  if (area == 3 && total == 10 && text[begin + 1] < '2' && text[begin + 1] != '0') return {};
  return PiiHit{begin, rest.end, Pii::Phone};
}

}  // namespace

std::string_view to_string(Pii kind) {
  constexpr std::string_view kNames[kNumPii] = {"email", "phone", "card", "iban", "chinese_id", "ip"};
  return kNames[size_t(kind)];
}

std::string_view placeholder(Pii kind) {
  constexpr std::string_view kTexts[kNumPii] = {"<EMAIL>", "<PHONE>", "<CARD>", "<IBAN>", "<ID_NUMBER>", "<IP>"};
  return kTexts[size_t(kind)];
}

bool luhn_ok(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (size_t i = digits.size(); i-- > 0; twice = !twice) {
    const int d = (digits[i] - '0') * (twice ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  }
  return sum % 10 == 0 && digits.find_first_not_of('0') != std::string_view::npos;
}

bool iban_ok(std::string_view iban) {
  int remainder = 0;
  for (size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];  // country and check digits go to the end
    remainder = is_digit(c) ? (remainder * 10 + (c - '0')) % 97 : (remainder * 100 + (c - 'A' + 10)) % 97;
  }
  return iban.size() >= 15 && is_digit(iban[2]) && is_digit(iban[3]) && remainder == 1;
}

bool chinese_id_ok(std::string_view id) {
  if (id.size() != 18 || !std::all_of(id.begin(), id.end() - 1, is_digit)) return false;
  const auto number = [&](size_t from, size_t count) {
    int value = 0;
    for (size_t i = from; i < from + count; ++i) value = value * 10 + (id[i] - '0');
    return value;
  };
  const int province = number(0, 2), year = number(6, 4), month = number(10, 2), day = number(12, 2);
  if (province < 11 || province > 82 || year < 1880 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31)
    return false;
  constexpr int kWeights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < 17; ++i) sum += (id[i] - '0') * kWeights[i];
  const char expected = "10X98765432"[sum % 11];
  return id[17] == expected || (expected == 'X' && id[17] == 'x');
}

std::vector<PiiHit> find_pii(std::string_view text) {
  std::vector<PiiHit> hits;
  size_t floor = 0;  // end of the last hit
  for (size_t i = 0; i < text.size();) {
    if (!kTrigger[uint8_t(text[i])]) {
      ++i;
      continue;
    }
    std::optional<PiiHit> hit;
    const char c = text[i];
    if (c == '@') {
      hit = email_at(text, i, floor);
    } else if (c == ':') {
      hit = ipv6_at(text, i, floor);
    } else if (c == '+') {
      hit = international_at(text, i);
    } else if (c == '(') {
      hit = bracketed_at(text, i);
    } else {
      // An IBAN is found at its first digit, two letters in.
      if (i >= floor + 2 && is_upper(text[i - 1]) && is_upper(text[i - 2]) && (i == 2 || !is_alnum(text[i - 3])))
        hit = iban_at(text, i - 2);
      if (!hit) hit = number_at(text, i);
    }
    if (hit) {
      hits.push_back(*hit);
      i = floor = hit->end;
    } else if (is_digit(c)) {
      while (i < text.size() && is_digit(text[i])) ++i;
    } else {
      ++i;
    }
  }
  return hits;
}

void redact_pii(const PiiConfig& config, std::string& text, PiiCounts& counts) {
  const bool enabled[kNumPii] = {config.email, config.phone, config.card, config.iban, config.chinese_id, config.ip};
  if (std::none_of(std::begin(enabled), std::end(enabled), [](bool on) { return on; })) return;
  std::string out;
  size_t copied = 0;
  for (const auto& hit : find_pii(text)) {
    if (!enabled[size_t(hit.kind)]) continue;
    out.append(text, copied, hit.begin - copied).append(placeholder(hit.kind));
    copied = hit.end;
    ++counts[size_t(hit.kind)];
  }
  if (copied > 0) text = out.append(text, copied);
}

}  // namespace ingot
