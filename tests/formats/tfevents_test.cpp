#include "ingot/formats/tfevents.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace ingot {
namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", c);
    text += digits;
  }
  return text;
}

// Known answers: RFC 3720 B.4 style check value, and two records that TensorBoard 2 wrote and read.
TEST(TfEvents, MatchesTheReferenceBytes) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(hex(tfevents_header(1.0)),
            "1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a");
  EXPECT_EQ(hex(tfevents_record({2.0, 3, "loss", 0.5f})),
            "1a00000000000000129bd82d09000000000000004010032a0d0a0b0a046c6f7373150000003fbac36b94");
}

TEST(TfEvents, ReadsBackWhatItWrote) {
  const TempFolder folder;
  const std::vector<ScalarEvent> events = {{1.5, 0, "loss", 4.25f}, {2.5, 300, "validation/accuracy", -0.5f}};
  {
    TfEventsWriter writer(folder / "events");
    for (const auto& e : events) writer.scalar(e.tag, e.value, e.step, e.wall_time);
  }
  EXPECT_EQ(read_tfevents(folder / "events"), events);
}

TEST(TfEvents, RepairsACutTailAndDropsRepeatedSteps) {
  const TempFolder folder;
  const auto path = folder / "events";
  std::string bytes = tfevents_header(1);
  for (int step = 0; step < 5; ++step) bytes += tfevents_record({1, step, "loss", float(step)});
  write_file_atomic(path, bytes.substr(0, bytes.size() - 3));  // a crash cut step 4
  {
    TfEventsWriter writer(path, 2);  // resumed from step 2
    writer.scalar("loss", 30, 3, 9);
  }
  const auto events = read_tfevents(path);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[2].value, 2);
  EXPECT_EQ(events[3], (ScalarEvent{9, 3, "loss", 30}));
}

TEST(TfEvents, StopsAtAFlippedByte) {
  const TempFolder folder;
  std::string bytes = tfevents_header(1) + tfevents_record({1, 1, "a", 1}) + tfevents_record({1, 2, "a", 2});
  bytes[bytes.size() - 8] ^= 1;
  write_file_atomic(folder / "events", bytes);
  EXPECT_EQ(read_tfevents(folder / "events").size(), 1u);
}

}  // namespace
}  // namespace ingot
