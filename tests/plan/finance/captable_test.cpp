#include "ingot/plan/finance/captable.h"

#include <gtest/gtest.h>

#include "ingot/base/env.h"
#include "ingot/base/file.h"
#include "ingot/plan/finance/company.h"
#include "ingot/plan/finance/ledger.h"
#include "ingot/plan/finance/round.h"
#include "ingot/plan/finance/round_events.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot::finance {
namespace {

constexpr const char* kCompany = R"(
[company]
name = "Test AI Inc"
[[classes]]
name = "Common"
authorized = 10_000_000
price = 0.0001
[[classes]]
name = "Seed"
preferred = true
authorized = 2_000_000
price = 1.25
[[vesting]]
name = "four years"
[[plans]]
name = "2024"
reserved = 1_000_000
[[issues]]
holder = "Ada"
class = "Common"
shares = 4_800_000
date = 2023-01-01
vesting = "four years"
[[issues]]
holder = "Fund"
class = "Seed"
shares = 1_600_000
date = 2024-01-15
[[grants]]
holder = "Bob"
plan = "2024"
shares = 480_000
strike = 0.30
date = 2024-01-31
vesting = "four years"
[[safes]]
holder = "Angel"
amount = 250_000
cap = 8_000_000
date = 2024-06-01
)";

OcfPackage package_of(const std::string& toml) { return company_package(read_company(parse_toml(toml, "c.toml"))); }

Json stock_tx(const char* type, const char* id, const char* security, const char* date, Json fields) {
  Json tx = {{"object_type", type}, {"id", id}, {"security_id", security}, {"date", date}};
  tx.update(fields);
  return tx;
}

Json stock_issue(const char* security, const char* holder, int64_t shares, const char* date) {
  return stock_tx("TX_STOCK_ISSUANCE", security, security, date,
                  {{"stakeholder_id", std::string("stakeholder ") + holder},
                   {"custom_id", security},
                   {"security_law_exemptions", Json::array()},
                   {"stock_class_id", "class Common"},
                   {"share_price", {{"amount", "0.0001"}, {"currency", "USD"}}},
                   {"quantity", std::to_string(shares)},
                   {"stock_legend_ids", Json::array()}});
}

// S11. Published: OCF AllocationType.schema.json, 18 shares over 4 tranches.
TEST(Vesting, AllocatesAsTheSchemaPrints) {
  const std::vector<Rational> quarters(4, Rational(1, 4));
  const auto row = [&](Allocation a) { return allocate(18, quarters, a); };
  using V = std::vector<int64_t>;
  EXPECT_EQ(row(Allocation::CumulativeRounding), (V{5, 4, 5, 4}));
  EXPECT_EQ(row(Allocation::CumulativeRoundDown), (V{4, 5, 4, 5}));
  EXPECT_EQ(row(Allocation::FrontLoaded), (V{5, 5, 4, 4}));
  EXPECT_EQ(row(Allocation::BackLoaded), (V{4, 4, 5, 5}));
  EXPECT_EQ(row(Allocation::FrontLoadedToSingleTranche), (V{6, 4, 4, 4}));
  EXPECT_EQ(row(Allocation::BackLoadedToSingleTranche), (V{4, 4, 4, 6}));
}

TEST(CapTable, SnapshotsAtADate) {
  const auto package = package_of(kCompany);
  const auto early = replay(package, Date(2023, 12, 31));
  ASSERT_EQ(early.holdings.size(), 1u);
  EXPECT_EQ(early.holdings[0].vested, 0);  // one day before the cliff
  EXPECT_EQ(replay(package, Date(2024, 1, 1)).holdings[0].vested, 1'200'000);
  const auto now = replay(package);
  EXPECT_EQ(now.outstanding(), 6'400'000);
  EXPECT_EQ(now.fully_diluted(), 7'400'000);
  EXPECT_EQ(now.plans[0].available(), 520'000);
  ASSERT_EQ(now.convertibles.size(), 1u);
  EXPECT_EQ(now.convertibles[0].cap->minor, 800'000'000);
}

TEST(CapTable, OverIssueDanglingIdAndNegativeSharesNameIdValueAndRule) {
  auto package = package_of(kCompany);
  auto& items = file_for(package, "OCF_TRANSACTIONS_FILE").document["items"];
  items.push_back(stock_issue("x", "Ada", 6'000'000, "2025-01-01"));
  auto text = error_of([&] { replay(package); });
  EXPECT_NE(
      text.find("'x' (TX_STOCK_ISSUANCE): class 'Common' has 10800000 shares issued, expected at most the 10000000"),
      std::string::npos)
      << text;
  items.back()["quantity"] = "-5";
  text = error_of([&] { replay(package); });
  EXPECT_NE(text.find("quantity is -5, expected >= 0"), std::string::npos) << text;
  items.back()["quantity"] = "5";
  items.back()["stakeholder_id"] = "nobody";
  text = error_of([&] { replay(package); });
  EXPECT_NE(text.find("stakeholder_id is 'nobody', expected the id of a stakeholder"), std::string::npos) << text;
  items.back()["stakeholder_id"] = "stakeholder Ada";
  items.back()["share_price"]["currency"] = "EUR";
  text = error_of([&] { replay(package); });
  EXPECT_NE(text.find("share_price is in EUR, expected USD"), std::string::npos) << text;
}

TEST(CapTable, EventsMoveAndConserveShares) {
  auto package = package_of(kCompany);
  auto& items = file_for(package, "OCF_TRANSACTIONS_FILE").document["items"];
  // Ada sells 800,000 to the fund.
  items.push_back(
      stock_tx("TX_STOCK_TRANSFER", "t1", "Common-1", "2025-02-01",
               {{"quantity", "800000"}, {"resulting_security_ids", {"sold"}}, {"balance_security_id", "kept"}}));
  items.push_back(stock_issue("sold", "Fund", 800'000, "2025-02-01"));
  items.push_back(stock_issue("kept", "Ada", 4'000'000, "2025-02-01"));
  // Bob exercises 120,000, then the rest is cancelled and returns to the pool.
  items.push_back(stock_tx("TX_EQUITY_COMPENSATION_EXERCISE", "t2", "OPT-1", "2025-03-01",
                           {{"quantity", "120000"}, {"resulting_security_ids", {"exercised"}}}));
  items.push_back(stock_issue("exercised", "Bob", 120'000, "2025-03-01"));
  items.push_back(stock_tx("TX_EQUITY_COMPENSATION_CANCELLATION", "t3", "OPT-1", "2025-04-01",
                           {{"quantity", "360000"}, {"reason_text", "left"}}));
  const auto t = replay(package);
  EXPECT_EQ(t.outstanding(), 6'520'000);
  EXPECT_EQ(t.fully_diluted(), 7'400'000);  // nothing was lost
  EXPECT_EQ(t.plans[0].available(), 880'000);
  items.push_back({{"object_type", "TX_STOCK_CLASS_SPLIT"},
                   {"id", "split"},
                   {"date", "2025-05-01"},
                   {"stock_class_id", "class Common"},
                   {"split_ratio", {{"numerator", "2"}, {"denominator", "1"}}}});
  const auto split = replay(package);
  EXPECT_EQ(split.outstanding(), 13'040'000);  // the seed converts two for one now
  EXPECT_EQ(split.fully_diluted(), 14'800'000);
  items.push_back(stock_tx("TX_STOCK_REPURCHASE", "t4", "sold", "2025-06-01",
                           {{"price", {{"amount", "1"}, {"currency", "USD"}}}, {"quantity", "1600000"}}));
  EXPECT_EQ(replay(package).outstanding(), 11'440'000);
  items.push_back(stock_tx("TX_STOCK_TRANSFER", "t5", "sold", "2025-07-01", {{"resulting_security_ids", {"kept"}}}));
  EXPECT_NE(error_of([&] {
              replay(package);
            }).find("'t5' (TX_STOCK_TRANSFER): security_id is 'sold', expected the id of an outstanding"),
            std::string::npos);
}

TEST(CapTable, TransferThatLosesSharesIsAnError) {
  auto package = package_of(kCompany);
  auto& items = file_for(package, "OCF_TRANSACTIONS_FILE").document["items"];
  items.push_back(stock_tx("TX_STOCK_TRANSFER", "t", "Common-1", "2025-02-01", {{"resulting_security_ids", {"sold"}}}));
  items.push_back(stock_issue("sold", "Fund", 4'799'999, "2025-02-01"));
  EXPECT_NE(error_of([&] { replay(package); }).find("resulting securities sum to 4799999 shares, expected 4800000"),
            std::string::npos);
}

TEST(Company, ReportsPlaceAndRuleOfEveryProblem) {
  const auto text = error_of([] {
    read_company(parse_toml(
        "[company]\nname = \"x\"\n[[classes]]\nname = \"Common\"\n[[issues]]\nholder = \"a\"\nclass = \"Comon\"\n"
        "shares = -5\n[[safes]]\namount = 1\ndiscount = \"120%\"\n",
        "c.toml"));
  });
  EXPECT_NE(text.find("c.toml:11:1: safes[0].discount: got \"120%\", expected a share between 0 and 1"),
            std::string::npos)
      << text;
  const auto cross = error_of([] {
    read_company(parse_toml(
        "[company]\nname = \"x\"\n[[classes]]\nname = \"Common\"\n[[issues]]\nholder = \"a\"\nclass = \"Comon\"\n"
        "shares = -5\n",
        "c.toml"));
  });
  EXPECT_NE(cross.find("issues[0].class: got \"Comon\", no class of this name; did you mean 'Common'?"),
            std::string::npos)
      << cross;
  EXPECT_NE(cross.find("issues[0].shares: got -5, expected > 0"), std::string::npos) << cross;
}

TEST(Ledger, KeepsEventsAndRefusesBadOnesWhole) {
  TempFolder folder;
  Ledger::create(folder / "a.db", package_of(kCompany));
  Ledger ledger(folder / "a.db");
  ledger.append({stock_issue("new", "Bob", 100, "2025-01-01")});
  EXPECT_EQ(replay(ledger.package()).outstanding(), 6'400'100);
  EXPECT_NE(error_of([&] {
              ledger.append({stock_issue("more", "Bob", 1, "2025-01-02"), stock_issue("bad", "Eve", 1, "2025-01-02")});
            }).find("stakeholder Eve"),
            std::string::npos);
  EXPECT_EQ(replay(ledger.package()).outstanding(), 6'400'100);  // not even the good one
  EXPECT_NE(error_of([&] { Ledger::create(folder / "a.db", package_of(kCompany)); }).find("exists"), std::string::npos);
  Database raw(folder / "a.db");
  EXPECT_NE(error_of([&] { raw.execute("DELETE FROM entry"); }).find("append-only"), std::string::npos);
}

TEST(Ledger, NothingIsWrittenWhenAnEventBreaksARule) {
  TempFolder folder;
  auto package = package_of(kCompany);
  file_for(package, "OCF_TRANSACTIONS_FILE").document["items"].push_back(stock_issue("x", "Eve", 1, "2025-01-01"));
  EXPECT_THROW(Ledger::create(folder / "a.db", package), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Ocf, RoundTripsThroughTheLedger) {
  TempFolder folder;
  const auto package = package_of(kCompany);
  write_ocf(package, folder / "ocf");
  Ledger::create(folder / "a.db", read_ocf(folder / "ocf"));
  write_ocf(Ledger(folder / "a.db").package(), folder / "again");
  for (const auto& file : package.files)
    EXPECT_EQ(read_file(folder / "ocf" / file.path), read_file(folder / "again" / file.path)) << file.path;
}

TEST(Ocf, PublicSamplesRoundTripWithoutLoss) {
  const auto data = data_mirror();
  if (!data || !std::filesystem::exists(*data / "fixture-ocf")) GTEST_SKIP() << "INGOT_DATA has no fixture-ocf";
  TempFolder folder;
  const auto samples = *data / "fixture-ocf" / "samples";
  Ledger::create(folder / "a.db", read_ocf(samples), true);
  write_ocf(Ledger(folder / "a.db").package(), folder / "out");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(samples)) {
    EXPECT_EQ(read_json(entry.path()), read_json(folder / "out" / entry.path().filename().string()));
    ++files;
  }
  EXPECT_EQ(files, 13);
  // They are field samples, not one company: strict import refuses them and says why.
  EXPECT_NE(error_of([&] { replay(read_ocf(samples)); }).find("expected unique ids"), std::string::npos);
}

// A round appended to the ledger gives the table that the solver promised.
TEST(Ledger, AppliesARound) {
  TempFolder folder;
  Ledger::create(folder / "a.db", package_of(kCompany));
  Ledger ledger(folder / "a.db");
  const auto before = replay(ledger.package());
  auto input = round_input(before);
  input.terms.series = "Series A";
  input.terms.close = Date(2025, 1, 1);
  input.terms.investments = {{"Lead", {400'000'000, Currency("USD")}}, {"Fund", {50'000'000, Currency("USD")}}};
  input.terms.pre_money = Money{1'600'000'000, Currency("USD")};
  input.terms.pool = Rational(1, 10);
  const auto r = solve_round(input);
  ledger.append(round_events(before, input, r));
  const auto after = replay(ledger.package());
  EXPECT_EQ(after.fully_diluted(), r.total);
  EXPECT_TRUE(after.convertibles.empty());
  EXPECT_EQ(after.share_class("class Series A").issued, r.series_shares);
  EXPECT_EQ(replay(ledger.package(), Date(2024, 12, 31)).fully_diluted(), before.fully_diluted());
}

TEST(CapitalStructure, CountsDividendsOptionsAndSafes) {
  auto toml = std::string(kCompany);
  toml.replace(toml.find("price = 1.25"), 12, "price = 1.25\ndividend = 0.08");
  const auto s = capital_structure(replay(package_of(toml)), Date(2025, 1, 14));
  ASSERT_EQ(s.classes.size(), 4u);
  EXPECT_EQ(s.classes[1].claim, 216'000'000);  // 2,000,000 and 8% for 365 days
  EXPECT_EQ(s.classes[2].strike, Rational(30));
  // SAFE: 1/32 of the capitalization with itself in it: 6,880,000 / 31.
  EXPECT_EQ(s.classes[3].shares, 221'935);
  EXPECT_EQ(s.classes[3].claim, 25'000'000);
}

}  // namespace
}  // namespace ingot::finance
