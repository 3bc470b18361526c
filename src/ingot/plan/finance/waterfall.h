// Who gets what at an exit. Every claim is a function of one number q, the proceeds of one common share; the sum of the
// claims is continuous, increasing and piecewise linear in q, so the split that exhausts the proceeds is unique.
// Conversion and exercise choices follow from q and are certified: no class gains by choosing otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/finance/money.h"

namespace ingot::finance {

enum class Participation { None, Full, Capped };
enum class ClaimKind { Common, Preferred, Option };

struct WaterfallClass {
  std::string name;
  ClaimKind kind = ClaimKind::Common;
  int64_t shares = 0;  // as converted to common
  int64_t claim = 0;   // preferred: preference with accrued dividends, minor units
  Participation participation = Participation::None;
  int64_t cap = 0;        // capped: the most it gets without converting, preference included
  int64_t seniority = 1;  // higher is paid first; equal is pari passu
  Rational strike;        // option or warrant: minor units a share, paid net
};

struct Debt {
  std::string name;
  int64_t amount = 0;     // minor units
  int64_t seniority = 1;  // higher is paid first
};

struct CarveOut {  // management's share, after debt and before preferences
  std::string name;
  Rational share;
  std::optional<int64_t> limit;
};

struct CapitalStructure {
  std::vector<Debt> debts;
  std::vector<CarveOut> carve_outs;
  std::vector<WaterfallClass> classes;
  std::optional<Rational> qualified_ipo_price;  // minor units a share: an IPO at or above it converts all preferred
};

struct Payoff {
  std::string name;
  Rational exact;         // minor units
  int64_t paid = 0;       // whole minor units; all paid sum to the proceeds exactly
  bool converts = false;  // preferred: took common; option: exercised
};

struct Deviation {  // one class chooses the other way, all others keep their choice
  std::string name;
  std::string alternative;  // "convert", "keep the preference", "exercise", "lapse"
  Rational stays, deviates;
  bool gains() const { return deviates > stays; }
};

struct WaterfallResult {
  int64_t proceeds = 0;
  Rational common_price;  // q, minor units a share
  std::vector<Payoff> debts, carve_outs, classes;
  std::vector<Deviation> certificate;
  bool equilibrium() const;
};

enum class ExitKind { Sale, Ipo };

// Throws InvalidArgument on negative inputs. Proceeds are in minor units.
WaterfallResult waterfall(const CapitalStructure& structure, int64_t proceeds, ExitKind kind = ExitKind::Sale);

// The same split without whole-unit rounding or certificate: exact payoffs of the classes, for curves and OPM.
std::vector<Rational> class_payoffs(const CapitalStructure& structure, const Rational& equity);

// Payoffs of the classes when the choices are given (true: converts or exercises), computed by paying claims in order.
// An independent route to the same numbers; the certificate uses it.
std::vector<Rational> payoffs_given(const CapitalStructure& structure, const Rational& equity,
                                    const std::vector<bool>& takes_common);

// Equity values (after debt and carve-outs) at which a slope changes, and the slope of every class above each.
struct BreakPoint {
  Rational equity;               // minor units
  Rational common_price;         // q there
  std::string event;             // "B preference paid", "A converts", "option at 4.00 exercises", "D reaches its cap"
  std::vector<Rational> slopes;  // of each class from here to the next point; they sum to 1
};
std::vector<BreakPoint> break_points(const CapitalStructure& structure);

}  // namespace ingot::finance
