// Words, numbers and times in the language of the reader.

import { en } from "../texts/en.js";
import { ru } from "../texts/ru.js";

const KEY = "relay.language";
const TEXTS = { en, ru };
export const LANGUAGES = Object.keys(TEXTS);

const preferred = () => LANGUAGES.find((code) => navigator.language?.toLowerCase().startsWith(code)) ?? "en";
let language = "en";
/** The language with the reader's country where it is known, by which numbers and times are written. */
let locale = "en";
let formats;

export const currentLanguage = () => language;

/** Takes the language that was chosen, or the browser's where it is one of ours. */
export function useLanguage(chosen = globalThis.localStorage?.getItem(KEY) ?? preferred()) {
  language = LANGUAGES.includes(chosen) ? chosen : "en";
  locale = navigator.languages?.find((code) => code.toLowerCase().startsWith(language)) ?? language;
  formats = undefined;
}

export function chooseLanguage(code) {
  localStorage.setItem(KEY, code);
  useLanguage(code);
}

const formatted = () =>
  (formats ??= {
    number: new Intl.NumberFormat(locale),
    plural: new Intl.PluralRules(language),
    relative: new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" }),
    clock: new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }),
    minute: new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false }),
    moment: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", hour12: false }),
    day: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false }),
  });

/**
 * A text with its values put in for `{name}`. Where the text has forms for numbers, `values.count` chooses; numbers are
 * written as the language writes them.
 */
export function t(key, values = {}) {
  const entry = TEXTS[language][key];
  if (entry === undefined) throw new Error(`there is no text ${key}`);
  const form = typeof entry === "string" ? entry : (entry[formatted().plural.select(values.count)] ?? entry.other);
  return form.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

/** A text, or `otherwise` where there is none of this name: what the relay says is not all known here. */
export const known = (key, otherwise) => (TEXTS[language][key] === undefined ? otherwise : t(key));

export const number = (value) => formatted().number.format(value);
export const clock = (time) => formatted().clock.format(new Date(time));
export const minute = (time) => formatted().minute.format(new Date(time));
export const moment = (time) => formatted().moment.format(new Date(time));
export const day = (time) => formatted().day.format(new Date(time));

const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", Infinity]];

/** How long ago, or in how long. */
export function relative(time, now = Date.now()) {
  let amount = (new Date(time) - now) / 1_000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(amount) < size) return formatted().relative.format(Math.round(amount), unit);
    amount /= size;
  }
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export function bytes(value) {
  const step = Math.min(UNITS.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  const options = { style: "unit", unit: UNITS[step], unitDisplay: "short", maximumFractionDigits: step === 0 ? 0 : 1 };
  return new Intl.NumberFormat(locale, options).format(value / 1_000 ** step);
}

/** Seconds as people say them: `50 ms`, `2 s`, `5 min`. */
export function duration(seconds) {
  const [value, unit] = seconds < 1 ? [seconds * 1_000, "millisecond"] : seconds < 120 ? [seconds, "second"] : seconds < 7_200 ? [seconds / 60, "minute"] : [seconds / 3_600, "hour"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(value);
}
