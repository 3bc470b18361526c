// SQuAD files and scores; expected.json of the fixture was made by the official evaluate-v2.0.py.
#include "ingot/tasks/squad.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "support/error_of.h"
#include "support/fixture.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

TEST(Squad, NormalizesAsTheOfficialScript) {
  EXPECT_EQ(normalize_answer("The  Man, a (tall) one-time AN!"), "man tall onetime");
  EXPECT_EQ(normalize_answer("the\u2013war"), "\u2013war");
  EXPECT_EQ(normalize_answer("than a theory"), "than theory");
  EXPECT_NEAR(answer_f1("the cat sat", "cat sat down"), 0.8, 1e-12);
  EXPECT_EQ(answer_f1("", "the"), 1);
  EXPECT_EQ(exact_match("A cat.", "cat"), 1);
  EXPECT_NEAR(answer_f1("\u5317\u4eac\u5e02", "\u5317\u4eac", AnswerUnit::Characters), 0.8, 1e-12);
  EXPECT_EQ(answer_f1("\u5317\u4eac\u5e02", "\u5317\u4eac"), 0);
}

TEST(Squad, EqualsTheOfficialScriptOnPublishedPredictions) {
  INGOT_FIXTURE(folder, "fixture-squad-eval");
  INGOT_FIXTURE(file, "qa-xquad/xquad.en.json");
  SquadData data;
  read_squad(file, data);
  EXPECT_EQ(data.questions.size(), 1190u);
  EXPECT_EQ(data.moved_answers + data.lost_answers, 0);
  const auto expected = read_json(folder / "expected.json");
  EXPECT_EQ(expected.size(), 4u);
  for (const auto& [name, scores] : expected.items()) {
    std::map<std::string, std::string> guesses;
    const auto published = read_json(folder / name);
    for (const auto& [id, text] : published.items()) guesses[id] = text.get<std::string>();
    const auto ours = squad_scores(data.questions, guesses);
    EXPECT_NEAR(ours["exact"].get<double>(), scores["exact"].get<double>(), 1e-9) << name;
    EXPECT_NEAR(ours["f1"].get<double>(), scores["f1"].get<double>(), 1e-9) << name;
    EXPECT_EQ(ours["total"], scores["total"]) << name;
  }
}

TEST(Squad, CountsAnswersThatAreNotWhereTheySay) {
  const TempFolder folder;
  const auto write = [&](const std::string& answers, const std::string& more = "") {
    write_file_atomic(folder / "qa.json", R"({"data":[{"title":"T","paragraphs":[{"context":"Zo\u00eb met Bob and )"
                                          R"(Bob in Rome.","qas":[{"id":"1","question":"Where?","answers":)" +
                                              answers + more + "}]}]}]}");
  };
  const auto read = [&] {
    SquadData data;
    read_squad(folder / "qa.json", data);
    return data;
  };
  write(R"([{"text":"Rome","answer_start":23}])");  // code points: the e with dots is one
  auto data = read();
  EXPECT_EQ(data.contexts[0].substr(data.questions[0].answers[0].begin, 4), "Rome");
  EXPECT_EQ(data.moved_answers, 0);
  write(R"([{"text":"Rome","answer_start":3},{"text":"Bob","answer_start":0},{"text":"Paris","answer_start":0}])");
  data = read();
  EXPECT_EQ(data.moved_answers, 1);
  EXPECT_EQ(data.lost_answers, 2);  // Bob is there twice, Paris not at all
  EXPECT_EQ(data.questions[0].answers.size(), 1u);
  write("[]", R"(,"is_impossible":true)");
  EXPECT_TRUE(read().questions[0].answers.empty());
  write("[]");
  EXPECT_NE(error_of(read).find("question 1 has no answers, expected one or is_impossible"), std::string::npos);
  write_file_atomic(folder / "qa.json", "[]");
  EXPECT_NE(error_of(read).find("qa.json has no \"data\", expected the SQuAD form"), std::string::npos);
}

// By hand: answering the first two and no more is right three times of three; answering all is wrong once.
TEST(Squad, ChoosesTheThresholdOfNoAnswer) {
  std::vector<SquadQuestion> questions(3);
  for (size_t i = 0; i < 3; ++i) questions[i].id = std::to_string(i);
  questions[0].answers = {{"Rome"}};
  questions[1].answers = {{"red sea"}};
  const auto best = best_null_threshold(questions, {{"0", "Rome"}, {"1", "sea"}, {"2", "Bob"}},
                                        {{"0", -2.0}, {"1", 0.5}, {"2", 1.0}});
  EXPECT_DOUBLE_EQ(best["exact"].get<double>(), 200. / 3);
  EXPECT_DOUBLE_EQ(best["exact_threshold"].get<double>(), -2);
  EXPECT_NEAR(best["f1"].get<double>(), 100 * (2 + 2. / 3) / 3, 1e-9);
  EXPECT_DOUBLE_EQ(best["f1_threshold"].get<double>(), 0.5);
}

TEST(Squad, BaselineTakesWordsBesideTheQuestions) {
  EXPECT_EQ(lexical_answer("The tower was built in 1889 by Gustave Eiffel.", "Who built the tower in 1889?"),
            "by Gustave Eiffel");
}

}  // namespace
}  // namespace ingot
