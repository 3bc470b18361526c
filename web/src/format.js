// Numbers for people. Formats: number int compact percent ratio bytes duration fixed0..fixed4, and any ISO currency in
// lower case ("usd", "cny"), alone or as "usd_compact". A currency's value is in major units.
import { locale, text, word, isText } from "./language.js";

const intl = (options) => new Intl.NumberFormat(locale(), options);

function plain(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) {
    const [mantissa, exponent] = value.toExponential(2).split("e");
    return `${mantissa}×10${superscript(Number(exponent))}`;
  }
  if (size >= 1e7) return compact(value);
  return intl(size >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 }).format(value);
}
const superscript = (n) => String(n).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
const compact = (value) =>
  Math.abs(value) < 1e-4 && value !== 0 ? plain(value) : intl({ notation: "compact", maximumSignificantDigits: 3 }).format(value);

function currency(value, code, small) {
  const size = Math.abs(value);
  const options = { style: "currency", currency: code.toUpperCase(), currencyDisplay: "narrowSymbol" };
  if (small && size >= 1e-4) Object.assign(options, { notation: "compact", minimumFractionDigits: 0, maximumSignificantDigits: 3 });
  else if (size === 0) options.maximumFractionDigits = 0;
  else if (size < 1e-4) return `${intl({ ...options, maximumFractionDigits: 0 }).format(0).replace(/0/, plain(value))}`;
  else if (size < 0.1) Object.assign(options, { minimumFractionDigits: 0, maximumSignificantDigits: 3 });
  else options.minimumFractionDigits = options.maximumFractionDigits = size < 100 ? 2 : 0;
  return intl(options).format(value);
}

function bytes(value) {
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let i = 0;
  for (; Math.abs(value) >= 1024 && i + 1 < names.length; ++i) value /= 1024;
  return `${intl({ maximumSignificantDigits: 3 }).format(value)} ${names[i]}`;
}

const durations = [[365.25 * 86400, "year"], [30.4375 * 86400, "month"], [86400, "day"], [3600, "hour"], [60, "minute"],
  [1, "second"], [1e-3, "millisecond"]];
function duration(seconds) {
  const [unit, name] = durations.find(([size]) => Math.abs(seconds) >= size * 1.5) || durations[durations.length - 1];
  if (name === "year" && Math.abs(seconds / unit) >= 1e7) return `${plain(seconds / unit)} ${locale() === "zh-CN" ? "年" : "years"}`;
  return intl({ style: "unit", unit: name, unitDisplay: "short", maximumSignificantDigits: 3 }).format(seconds / unit);
}

export function number(value, format = "number") {
  if (value === null || value === undefined || !Number.isFinite(value)) return word("none");
  switch (format) {
    case "number": return plain(value);
    case "int": return intl({ maximumFractionDigits: 0 }).format(value);
    case "compact": return compact(value);
    case "percent": return intl({ style: "percent", maximumFractionDigits: Math.abs(value) < 0.1 ? 2 : 1 }).format(value);
    case "ratio": return `${plain(value)}×`;
    case "bytes": return bytes(value);
    case "duration": return duration(value);
  }
  if (/^fixed[0-4]$/.test(format)) {
    const digits = Number(format[5]);
    return intl({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  }
  return currency(value, format.slice(0, 3), format.endsWith("_compact"));
}

// A cell: text, a number, or a figure {"value", "format", "unit", "low", "high", "basis", "source"}.
export function cellText(cell, format) {
  if (cell === null || cell === undefined) return word("none");
  if (typeof cell === "number") return number(cell, format);
  if (typeof cell === "boolean") return cell ? "✓" : "–";
  if (isText(cell)) return text(cell);
  return isText(cell.value) ? text(cell.value) : number(cell.value, cell.format || format);
}
export const unitText = (cell) => (typeof cell === "object" && cell !== null && cell.unit ? `\u00a0${text(cell.unit)}` : "");
export function rangeText(cell, format) {
  if (typeof cell !== "object" || cell === null || typeof cell.low !== "number" || typeof cell.high !== "number") return "";
  const [low, high] = [cell.low, cell.high].map((end) => number(end, cell.format || format));
  return low === high ? "" : `${low} – ${high}`;
}
