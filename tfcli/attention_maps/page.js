"use strict";
// The page of one attention map. Text goes into it as text only (textContent), never as markup.
(() => {
  const page = JSON.parse(document.getElementById("map").textContent);
  const byId = (id) => document.getElementById(id);
  const area = byId("stage-area"), reading = byId("reading");
  const KINDS = {cross: "cross", encoder: "encoder", decoder: "decoder"};
  const VIEWS = {heat: "heat map", lines: "lines", grid: "all heads"};
  const state = {...page.initial};

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const draw = (tag, attributes = {}, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const show = (token) => token.replaceAll("▁", "␣");
  const current = () => page.maps.find((map) => map.kind === state.kind && map.stage === state.stage);
  const languages = () => {
    const source = page.source_language, target = page.target_language;
    return {query: state.kind === "encoder" ? source : target, key: state.kind === "decoder" ? target : source};
  };

  // Mean or maximum over a list of matrices or of lists of them, number by number.
  const combine = (parts, how) => {
    if (typeof parts[0] === "number") {
      return how === "max" ? Math.max(...parts) : parts.reduce((sum, part) => sum + part, 0) / parts.length;
    }
    return parts[0].map((_, i) => combine(parts.map((part) => part[i]), how));
  };
  const matrix = (map, layer, head) => {
    const heads = layer === "mean" ? combine(map.values, "mean") : map.values[layer - 1];
    return head === "mean" || head === "max" ? combine(heads, head) : heads[head - 1];
  };
  const scale = (map, values) => {
    const all = values.flat(), high = Math.max(...all), low = map.stage === "weights" ? 0 : Math.min(...all);
    return (value) => (value - low) / Math.max(high - low, 1e-9);
  };
  const digits = (map, value) => {
    if (map.stage === "scores") return value.toFixed(1);
    return value === 0 && map.kind === "decoder" ? "·" : value.toFixed(2); // a masked key gets nothing at all
  };

  const say = (map, i, j, value) => {
    reading.textContent = `${show(map.queries[i])} ← ${show(map.keys[j])}: ${value.toFixed(4)}`;
  };

  const drawHeat = (map) => {
    const values = matrix(map, state.layer, state.head), part = scale(map, values), language = languages();
    const head = make("tr", {}, make("th"));
    for (const key of map.keys) {
      const short = [...key].length <= 4;
      head.append(make("th", {scope: "col", lang: language.key, className: short ? "wide" : ""},
        make("span", {textContent: show(key)})));
    }
    const body = make("tbody");
    values.forEach((row, i) => {
      const line = make("tr", {}, make("th", {scope: "row", lang: language.query, textContent: show(map.queries[i])}));
      const best = row.indexOf(Math.max(...row));
      row.forEach((value, j) => {
        const cell = make("td", {textContent: digits(map, value), tabIndex: i || j ? -1 : 0});
        cell.style.setProperty("--p", part(value));
        cell.classList.toggle("strong", part(value) > 0.65);
        cell.classList.toggle("best", j === best);
        const look = () => {
          for (const lit of area.querySelectorAll("th.lit")) lit.classList.remove("lit");
          line.firstChild.classList.add("lit");
          head.children[j + 1].classList.add("lit");
          say(map, i, j, value);
        };
        cell.addEventListener("mouseenter", look);
        cell.addEventListener("focus", look);
        line.append(cell);
      });
      body.append(line);
    });
    const table = make("table", {}, make("thead", {}, head), body);
    table.setAttribute("role", "grid");
    table.addEventListener("keydown", (event) => move(event, body));
    area.append(table);
  };

  // Arrow keys, Home and End go from cell to cell; only one cell is in the Tab order.
  const move = (event, body) => {
    const cell = event.target, line = cell.parentNode;
    let i = [...body.children].indexOf(line), j = [...line.children].indexOf(cell);
    const width = line.children.length - 1;
    const steps = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
    if (event.key in steps) {
      i += steps[event.key][0];
      j += steps[event.key][1];
    } else if (event.key === "Home") j = 1;
    else if (event.key === "End") j = width;
    else return;
    event.preventDefault();
    i = Math.min(Math.max(i, 0), body.children.length - 1);
    j = Math.min(Math.max(j, 1), width);
    cell.tabIndex = -1;
    body.children[i].children[j].tabIndex = 0;
    body.children[i].children[j].focus();
  };

  const drawLines = (map) => {
    const values = matrix(map, state.layer, state.head), part = scale(map, values), language = languages();
    const step = 28, left = 260, right = 520, top = 24;
    const height = top + step * Math.max(map.keys.length, map.queries.length);
    const picture = draw("svg", {width: 780, height, viewBox: `0 0 780 ${height}`, role: "group"});
    picture.setAttribute("aria-label", "keys on the left, queries on the right");
    const place = (n) => top + step * (n + 0.5) - 10;
    const paths = [];
    values.forEach((row, i) => row.forEach((value, j) => {
      if (part(value) < 0.03) return;
      const line = `M${left + 10} ${place(j)} C${left + 130} ${place(j)} ${right - 130} ${place(i)} ${right - 10} ${place(i)}`;
      const path = draw("path", {d: line, "stroke-opacity": part(value)});
      paths.push({path, i, j});
      picture.append(path);
    }));
    const column = (tokens, side, x, anchor, lang) => tokens.forEach((token, n) => {
      const text = draw("text", {x, y: place(n) + 5, "text-anchor": anchor, tabindex: 0, class: "token", lang}, show(token));
      const choose = () => {
        picture.classList.add("chosen");
        for (const one of picture.querySelectorAll(".lit")) one.classList.remove("lit");
        text.classList.add("lit");
        for (const {path, i, j} of paths) path.classList.toggle("lit", (side === "query" ? i : j) === n);
        const weights = side === "query" ? values[n] : values.map((row) => row[n]);
        const best = weights.indexOf(Math.max(...weights));
        side === "query" ? say(map, n, best, weights[best]) : say(map, best, n, weights[best]);
      };
      const leave = () => {
        picture.classList.remove("chosen");
        text.classList.remove("lit");
      };
      for (const name of ["mouseenter", "focus"]) text.addEventListener(name, choose);
      for (const name of ["mouseleave", "blur"]) text.addEventListener(name, leave);
      picture.append(text);
    });
    column(map.keys, "key", left, "end", language.key);
    column(map.queries, "query", right, "start", language.query);
    area.append(picture);
  };

  const isDark = () => matchMedia("screen and (prefers-color-scheme: dark)").matches;
  const color = (part) => isDark()
    ? `oklch(${0.22 + 0.7 * part} ${0.02 + 0.1 * part} ${265 - 165 * part})`
    : `oklch(${0.98 - 0.62 * part} ${0.05 + 0.08 * part} ${100 + 165 * part})`;

  const drawGrid = (map) => {
    const side = Math.max(3, Math.min(10, Math.floor(180 / map.keys.length)));
    const grid = make("div", {className: "grid"});
    grid.style.gridTemplateColumns = `repeat(${map.heads.length}, max-content)`;
    map.layers.forEach((layer, l) => map.heads.forEach((head, h) => {
      const values = map.values[l][h], part = scale(map, values);
      const canvas = make("canvas", {width: map.keys.length, height: map.queries.length});
      canvas.style.width = `${side * map.keys.length}px`;
      canvas.style.height = `${side * map.queries.length}px`;
      const pen = canvas.getContext("2d");
      values.forEach((row, i) => row.forEach((value, j) => {
        pen.fillStyle = color(part(value));
        pen.fillRect(j, i, 1, 1);
      }));
      const habit = page.habits.find((one) => one.kind === map.kind && one.layer === layer && one.head === head);
      const button = make("button", {type: "button"}, `layer ${layer} · head ${head}`, canvas,
        make("small", {textContent: habit.habit}));
      button.addEventListener("click", () => {
        Object.assign(state, {layer: String(layer), head: String(head), view: "heat"});
        refresh();
        byId("view").focus();
      });
      grid.append(button);
    }));
    area.append(grid);
  };

  const DRAWINGS = {heat: drawHeat, lines: drawLines, grid: drawGrid};

  const fill = (name, choices) => {
    if (!(state[name] in choices)) state[name] = Object.keys(choices)[0];
    byId(name).replaceChildren(...Object.entries(choices).map(
      ([value, text]) => make("option", {value, textContent: text, selected: value === state[name]})));
  };
  const numbered = (names, extra) => Object.fromEntries([...names, ...extra].map((name) => [name, String(name)]));

  const refresh = () => {
    const has = (test) => (entry) => page.maps.some((map) => test(map, entry[0]));
    fill("kind", Object.fromEntries(Object.entries(KINDS).filter(has((map, kind) => map.kind === kind))));
    fill("stage", numbered(new Set(page.maps.filter((map) => map.kind === state.kind).map((map) => map.stage)), []));
    const map = current();
    fill("layer", numbered(map.layers, ["mean"]));
    fill("head", numbered(map.heads, ["mean", "max"]));
    fill("view", VIEWS);
    byId("layer").disabled = byId("head").disabled = state.view === "grid";
    reading.textContent = "Point at something, or move with Tab and the arrow keys.";
    byId("shown").textContent = state.view === "grid" ? `${state.kind}-attention, ${state.stage}, all heads`
      : `${state.kind}-attention, ${state.stage}, layer ${state.layer}, head ${state.head}`;
    area.replaceChildren();
    DRAWINGS[state.view](map);
  };

  byId("sentence").textContent = `${page.source} → ${page.target}`;
  byId("facts").textContent = [page.model, `${page.source_language} → ${page.target_language}`,
    `score ${page.score.toFixed(2)}`].join(" · ");
  for (const name of ["kind", "layer", "head", "stage", "view"]) {
    byId(name).addEventListener("change", (event) => {
      state[name] = event.target.value;
      refresh();
    });
  }
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  addEventListener("beforeprint", refresh);
  addEventListener("afterprint", refresh);
  refresh();
})();
