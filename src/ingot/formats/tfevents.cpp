#include "ingot/formats/tfevents.h"

#include <array>
#include <bit>
#include <cstring>

#include "ingot/base/clock.h"

namespace ingot {
namespace {

constexpr auto kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);  // Castagnoli, reflected
    table[i] = crc;
  }
  return table;
}();

uint32_t masked(uint32_t crc) { return std::rotr(crc, 15) + 0xa282ead8u; }

template <typename T>
void put(std::string& out, T value) {  // little-endian
  for (size_t i = 0; i < sizeof(T); ++i) out += char(value >> (8 * i) & 0xff);
}
template <typename T>
T get(std::string_view bytes, size_t at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= T(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 128; value >>= 7) out += char(value | 128);
  out += char(value);
}
void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_varint(out, uint64_t(field) << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

std::string record(const std::string& event) {
  std::string out;
  put(out, uint64_t(event.size()));
  put(out, masked(crc32c(out)));
  out += event;
  put(out, masked(crc32c(event)));
  return out;
}

std::string event_at(double wall_time) {
  std::string event = "\x09";  // field 1, fixed64
  put(event, std::bit_cast<uint64_t>(wall_time));
  return event;
}

// Walks one protobuf message; `take(field, number, bytes)` gets every field. False when it is malformed.
template <typename Take>
bool walk(std::string_view message, const Take& take) {
  size_t at = 0;
  const auto varint = [&](uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && at < message.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(message[at++]);
      value |= uint64_t(byte & 127) << shift;
      if (byte < 128) return true;
    }
    return false;
  };
  while (at < message.size()) {
    uint64_t key = 0, number = 0;
    std::string_view bytes;
    if (!varint(key)) return false;
    switch (key & 7) {
      case 0:
        if (!varint(number)) return false;
        break;
      case 1:
        if (message.size() - at < 8) return false;
        number = get<uint64_t>(message, at), at += 8;
        break;
      case 5:
        if (message.size() - at < 4) return false;
        number = get<uint32_t>(message, at), at += 4;
        break;
      case 2:
        if (!varint(number) || number > message.size() - at) return false;
        bytes = message.substr(at, number), at += number;
        break;
      default:
        return false;
    }
    take(int(key >> 3), number, bytes);
  }
  return true;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 255];
  return ~crc;
}

std::string tfevents_header(double wall_time) {
  std::string event = event_at(wall_time);
  put_bytes(event, 3, "brain.Event:2");
  return record(event);
}

std::string tfevents_record(const ScalarEvent& e) {
  std::string value, summary, event = event_at(e.wall_time);
  put_bytes(value, 1, e.tag);
  value += "\x15";  // field 2, fixed32
  put(value, std::bit_cast<uint32_t>(e.value));
  put_bytes(summary, 1, value);
  event += "\x10";  // field 2, varint
  put_varint(event, uint64_t(e.step));
  put_bytes(event, 5, summary);
  return record(event);
}

std::vector<ScalarEvent> read_tfevents(const fs::path& path) {
  const MappedFile file(path);
  const auto text = file.text();
  std::vector<ScalarEvent> events;
  for (size_t at = 0; text.size() - at >= 16;) {
    const auto length = get<uint64_t>(text, at);
    if (masked(crc32c(text.substr(at, 8))) != get<uint32_t>(text, at + 8) || length > text.size() - at - 16) break;
    const auto message = text.substr(at + 12, length);
    if (masked(crc32c(message)) != get<uint32_t>(text, at + 12 + length)) break;
    at += 16 + length;
    ScalarEvent event;
    std::string_view summary, value;
    bool has_value = false;
    if (!walk(message, [&](int field, uint64_t number, std::string_view bytes) {
          if (field == 1) event.wall_time = std::bit_cast<double>(number);
          if (field == 2) event.step = int64_t(number);
          if (field == 5) summary = bytes;
        }))
      break;
    walk(summary, [&](int field, uint64_t, std::string_view bytes) {
      if (field == 1) value = bytes;
    });
    walk(value, [&](int field, uint64_t number, std::string_view bytes) {
      if (field == 1) event.tag = bytes;
      if (field == 2) event.value = std::bit_cast<float>(uint32_t(number)), has_value = true;
    });
    if (has_value) events.push_back(std::move(event));
  }
  return events;
}

TfEventsWriter::TfEventsWriter(const fs::path& path, std::optional<int64_t> last_step) {
  std::string kept = tfevents_header(unix_time_s());
  if (fs::exists(path))
    for (const auto& event : read_tfevents(path))
      if (!last_step || event.step <= *last_step) kept += tfevents_record(event);
  write_file_atomic(path, kept);
  file_.emplace(path, FileWriter::Mode::Append);
}

void TfEventsWriter::scalar(const std::string& tag, float value, int64_t step, double wall_time) {
  const auto bytes = tfevents_record({wall_time, step, tag, value});
  file_->write(bytes.data(), bytes.size());
}

}  // namespace ingot
