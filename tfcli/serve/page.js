"use strict";
// Texts are put on the page as text only, and leave it for this server only.

const PAUSE = 250;      // ms without a key before the text is sent
const SETTLED = 1500;   // ms that a translation stands before history keeps it
const KEPT = 50;        // translations in the history
const OTHERS = 4;       // other translations, of a server that has them
const STORE = "tfcli.history";

const $ = id => document.getElementById(id);
let languages = [], limit = Infinity, needsKey = false;
let detected = null;    // of the last text, where the server was asked to tell
let asked = null, typing = 0, settling = 0;

const nameOf = code => languages.find(row => row.code === code)?.name ?? code;
const targetsOf = code => languages.find(row => row.code === code)?.targets.filter(target => target !== code) ?? [];

async function fetchJson(path, options) {
  const answer = await fetch(path, options);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}

function say(words, isWrong = false) {
  $("status").textContent = words;
  $("status").classList.toggle("wrong", isWrong);
}

function show(translation, code, others = []) {
  $("other-list").replaceChildren(...others.map(other => {
    const item = document.createElement("li");
    item.textContent = other;
    item.lang = code;
    return item;
  }));
  $("others").hidden = !others.length;
  $("translation").textContent = translation;
  $("translation").lang = code;
  $("translation").classList.remove("waiting");
  $("copy").disabled = !translation;
}

function fill(select, rows, chosen) {
  select.replaceChildren(...rows.map(([code, name]) => new Option(name, code)));
  select.value = rows.some(([code]) => code === chosen) ? chosen : rows[0][0];
}

function fillTargets(chosen) {
  const from = $("from").value;
  const codes = from === "auto" ? [...new Set(languages.flatMap(row => targetsOf(row.code)))] : targetsOf(from);
  fill($("to"), codes.map(code => [code, nameOf(code)]), chosen);
  showSwap();
}

function showSwap() {
  const source = $("from").value === "auto" ? detected : $("from").value;
  $("swap").disabled = !source || !targetsOf($("to").value).includes(source);
}

function showCount() {
  const count = [...$("text").value].length;
  $("count").textContent = `${count.toLocaleString("en")} of ${limit.toLocaleString("en")} characters`;
  $("clear").disabled = !count;
  return count;
}

function schedule(pause = PAUSE) {
  clearTimeout(typing);
  clearTimeout(settling);
  asked?.abort();
  const count = showCount();
  if (!$("text").value.trim()) {
    detected = null;
    $("detected").textContent = "";
    show("", "");
    say("");
    return showSwap();
  }
  if (count > limit) return say(`The text is longer than ${limit.toLocaleString("en")} characters.`, true);
  if (needsKey && !$("key").value) return say("This server wants a key.", true);
  typing = setTimeout(translate, pause);
}

async function translate() {
  const mine = asked = new AbortController();
  const q = $("text").value, source = $("from").value, target = $("to").value;
  $("translation").classList.add("waiting");
  try {
    const fields = { q, source, target, format: "text", alternatives: OTHERS };
    if (needsKey) fields.api_key = $("key").value;
    const answer = await fetchJson("translate", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
      signal: mine.signal,
    });
    if (mine === asked && !mine.signal.aborted) receive(q, source, target, answer);
  } catch (error) {
    if (mine.signal.aborted) return;
    $("translation").classList.remove("waiting");
    say(error instanceof TypeError ? "The server does not answer." : error.message, true);
  }
}

function receive(q, source, target, answer) {
  detected = answer.detectedLanguage?.confidence ? answer.detectedLanguage.language : null;
  $("detected").textContent = source === "auto" && detected ? nameOf(detected) : "";
  const found = source === "auto" ? detected : source;
  $("text").lang = found ?? "";
  if (found === target && targetsOf(found).length) {  // the other way round, then
    $("to").value = targetsOf(found)[0];
    return schedule(0);
  }
  show(answer.translatedText, target, answer.alternatives);
  showSwap();
  if (found === target) return say(`The text is in ${nameOf(target)} already.`);
  say("");
  settling = setTimeout(() => remember({ q, translation: answer.translatedText, source, target }), SETTLED);
}

function recall() {
  try {
    const past = JSON.parse(localStorage.getItem(STORE));
    return Array.isArray(past) ? past.filter(one => typeof one?.q === "string") : [];
  } catch {
    return [];
  }
}

function keep(past) {
  try {
    localStorage.setItem(STORE, JSON.stringify(past));
  } catch { /* the browser keeps nothing: then there is no history */ }
  showPast();
}

function remember(one) {
  keep([one, ...recall().filter(other => other.q !== one.q || other.target !== one.target)].slice(0, KEPT));
}

function showPast() {
  const past = recall();
  $("past").replaceChildren(...past.map(one => {
    const item = document.createElement("li"), button = document.createElement("button");
    const translation = document.createElement("span");
    button.type = "button";
    button.textContent = one.q;
    translation.textContent = one.translation;
    button.append(translation);
    button.addEventListener("click", () => open(one));
    item.append(button);
    return item;
  }));
  $("history").hidden = !past.length;
}

function open(one) {
  $("from").value = [...$("from").options].some(option => option.value === one.source) ? one.source : "auto";
  fillTargets(one.target);
  $("text").value = one.q;
  $("text").focus();
  schedule(0);
}

function swap() {
  const source = $("from").value === "auto" ? detected : $("from").value, target = $("to").value;
  const text = $("translation").textContent;
  $("from").value = target;
  fillTargets(source);
  $("text").value = text;
  $("text").focus();
  schedule(0);
}

async function copy() {
  try {
    await navigator.clipboard.writeText($("translation").textContent);
    say("Copied.");
  } catch {
    getSelection().selectAllChildren($("translation"));
    say("Selected: copy it with Ctrl+C.");
  }
}

async function start() {
  $("text").addEventListener("input", () => schedule());
  $("key").addEventListener("input", () => schedule());
  $("key-line").addEventListener("submit", event => event.preventDefault());
  $("from").addEventListener("change", () => { fillTargets($("to").value); schedule(0); });
  $("to").addEventListener("change", () => { showSwap(); schedule(0); });
  $("swap").addEventListener("click", swap);
  $("copy").addEventListener("click", copy);
  $("clear").addEventListener("click", () => { $("text").value = ""; $("text").focus(); schedule(0); });
  $("forget").addEventListener("click", () => { keep([]); $("text").focus(); });
  showPast();
  try {
    const settings = await fetchJson("frontend/settings");
    languages = await fetchJson("languages");
    limit = settings.charLimit;
    needsKey = settings.keyRequired;
    $("key-line").hidden = !needsKey;
    const sources = languages.filter(row => targetsOf(row.code).length);
    fill($("from"), [["auto", "By its script"], ...sources.map(row => [row.code, row.name])], "auto");
    fillTargets(settings.language.target.code);
    schedule(0);
  } catch {
    say("The server does not answer.", true);
  }
}

start();
