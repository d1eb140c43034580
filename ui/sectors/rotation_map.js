// The Rotation Map: draws positions of all weeks that Python sent once, and tells it the week, the tail and the picks.
// Plain SVG and DOM; nothing is computed here but where to draw. Text goes in by textContent only.
// rotation_map_shapes.js stands before it in one module: the page may load no second one.

const QUADRANTS = ["leading", "weakening", "lagging", "improving"];
const NAMES = { leading: "Leading", weakening: "Weakening", lagging: "Lagging", improving: "Improving" };
const MISSING = -32768;
// What Python draws follows when the reader has stopped moving for so long.
const SETTLED_MS = 350;
// A drawing of a phone's width has smaller names and shorter words.
const NARROW = 520;
const MARGIN = { left: 44, right: 16, top: 14, bottom: 40 };

const maps = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  let map = maps.get(parentElement);
  if (!map) {
    map = createMap(parentElement.querySelector("[data-map]"));
    maps.set(parentElement, map);
  }
  map.show(data, setStateValue);
  return () => map.pause();
}

function createMap(root) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const svg = find("svg"), tip = find("tip"), list = find("list"), scrub = find("week");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const state = { now: 0, tail: 8, picks: [], hovered: null, playing: false, last: 0, reach: null };
  let field = null, groups = [], tell = () => {}, timer = 0, size = { width: 0, height: 0 }, sent = "";

  function show(data, setStateValue) {
    tell = setStateValue;
    if (field && field.version === data.version) return;
    const day = field ? field.days[week()] : null;
    const isFirst = !field;
    field = unpack(data);
    if (isFirst) Object.assign(state, { tail: data.start.tail, picks: data.start.picks.filter((p) => field.names.includes(p)) });
    const wanted = isFirst ? data.start.week : field.days.findLastIndex((d) => d <= day);
    state.now = Math.min(Math.max(wanted, 0), field.days.length - 1);
    state.reach = null;
    scrub.max = field.days.length - 1;
    build();
    draw();
    if (isFirst) sent = JSON.stringify(message());
  }

  const isNarrow = () => size.width < NARROW;
  const week = () => Math.min(Math.round(state.now), field.days.length - 1);
  const message = () => ({ week: field.days[week()], tail: state.tail, picks: state.picks });

  function settle() {
    clearTimeout(timer);
    if (state.playing) return;
    timer = setTimeout(() => {
      const said = JSON.stringify(message());
      if (said === sent) return;
      sent = said;
      tell("chosen", message());
      find("said").textContent = summary();
    }, SETTLED_MS);
  }

  function summary() {
    const counts = QUADRANTS.map((name) => `${membersOf(name).length} ${name}`).join(", ");
    return `Rotation Map, week to ${dateText(field.days[week()])}, against ${field.benchmark}: ${counts}.`;
  }

  // Motion

  function goTo(position) {
    state.now = Math.min(Math.max(position, 0), field.days.length - 1);
    draw();
    settle();
  }

  function play() {
    if (state.now >= field.days.length - 1) state.now = Math.max(0, field.days.length - 53);
    state.playing = true;
    state.last = 0;
    markPlaying();
    requestAnimationFrame(step);
  }

  function pause() {
    if (!state.playing) return;
    state.playing = false;
    markPlaying();
    goTo(week());
  }

  function markPlaying() {
    find("play").setAttribute("aria-pressed", String(state.playing));
    find("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
  }

  function step(time) {
    if (!state.playing || !root.isConnected) return;
    const speed = Number(find("speed").value);
    // Who asked for less motion sees whole weeks, at most two a second.
    const gap = calm.matches ? Math.max(500, 1000 / speed) : 0;
    if (!state.last) state.last = time;
    const passed = time - state.last;
    if (passed >= gap) {
      state.last = time;
      state.now = calm.matches ? week() + (passed ? 1 : 0) : state.now + (passed / 1000) * speed;
      if (state.now >= field.days.length - 1) { state.now = field.days.length - 1; draw(); pause(); return; }
      draw();
    }
    requestAnimationFrame(step);
  }

  // Positions

  function at(sector, index) {
    const place = sector * field.days.length + index;
    return field.x[place] === MISSING ? null : [field.x[place] / 100, field.y[place] / 100];
  }

  function quadrantAt(sector, index) {
    const where = at(sector, index);
    if (!where) return null;
    return where[0] >= 0 ? (where[1] >= 0 ? "leading" : "weakening") : where[1] >= 0 ? "improving" : "lagging";
  }

  function weeksThere(sector, index) {
    const here = quadrantAt(sector, index);
    let count = 0;
    while (index - count >= 0 && quadrantAt(sector, index - count) === here) count += 1;
    return count;
  }

  function pathOf(sector) {
    const whole = Math.floor(state.now), part = state.now - whole, points = [];
    for (let index = Math.max(0, whole - state.tail + 1); index <= whole; index += 1) {
      const where = at(sector, index);
      if (where) points.push(where);
    }
    const next = part > 0 ? at(sector, whole + 1) : null, head = points.at(-1);
    if (next && head) points.push([head[0] + (next[0] - head[0]) * part, head[1] + (next[1] - head[1]) * part]);
    return points;
  }

  function membersOf(name) {
    const index = week();
    const members = field.names.map((_, sector) => sector).filter((sector) => quadrantAt(sector, index) === name);
    const distance = (sector) => Math.hypot(...at(sector, index));
    return members.sort((one, other) => distance(other) - distance(one) || (field.names[one] < field.names[other] ? -1 : 1));
  }

  // Drawing

  function build() {
    svg.replaceChildren();
    svg.append(node("g", { "data-layer": "ground" }), node("g", { "data-layer": "sectors" }));
    const layer = svg.querySelector('[data-layer="sectors"]');
    groups = field.names.map((name, sector) => {
      const group = node("g", { class: "sector" });
      const head = node("circle", { class: "head", r: 5.5 }), label = node("text", {}), reach = node("circle", { class: "reach", r: 15 });
      const trail = node("g", {});
      label.textContent = name;
      group.append(trail, head, label, reach);
      group.addEventListener("click", () => toggle(name));
      group.addEventListener("pointerenter", () => hover(sector));
      group.addEventListener("pointerleave", () => hover(null));
      layer.append(group);
      return { group, trail, head, label, reach, side: 0, isNamed: false, widths: {} };
    });
  }

  function draw() {
    if (!field || !size.width) return;
    const paths = field.names.map((_, sector) => pathOf(sector));
    const scale = fit(paths);
    ground(scale);
    const drawn = paths.map((points) => points.map(([x, y]) => [scale.x(x), scale.y(y)]));
    drawn.forEach((points, sector) => sectorAt(sector, points, paths[sector]));
    placeLabels(drawn);
    scrub.value = week();
    scrub.setAttribute("aria-valuetext", dateText(field.days[week()]));
    find("date").textContent = dateText(field.days[week()]);
    find("tail").value = state.tail;
    find("tail-text").textContent = state.tail === 1 ? "1 week" : `${state.tail} weeks`;
    svg.setAttribute("aria-label", summary());
    listNow();
    showTip();
  }

  function fit(paths) {
    let across = 1.2, up = 1.2;
    const shown = state.picks.length ? paths.filter((_, s) => state.picks.includes(field.names[s])) : paths;
    for (const points of shown) for (const [x, y] of points) { across = Math.max(across, Math.abs(x)); up = Math.max(up, Math.abs(y)); }
    const wanted = [across * 1.12, up * 1.12];
    // While it plays the frame widens at once and narrows slowly, so that the eye can follow the sectors.
    const slow = state.playing && !calm.matches ? 0.02 : 1;
    state.reach = state.reach ? state.reach.map((now, i) => (wanted[i] > now ? wanted[i] : now + (wanted[i] - now) * slow)) : wanted;
    const [rx, ry] = state.reach, { left, right, top, bottom } = MARGIN;
    const width = size.width - left - right, height = size.height - top - bottom;
    return { rx, ry, x: (v) => left + ((v + rx) / (2 * rx)) * width, y: (v) => top + ((ry - v) / (2 * ry)) * height };
  }

  function ground(scale) {
    const layer = svg.querySelector('[data-layer="ground"]'), { left, right, top, bottom } = MARGIN;
    const [x0, x1, y0, y1] = [left, size.width - right, top, size.height - bottom], cx = scale.x(0), cy = scale.y(0);
    const boxes = { leading: [cx, y0, x1, cy], weakening: [cx, cy, x1, y1], lagging: [x0, cy, cx, y1], improving: [x0, y0, cx, cy] };
    const parts = QUADRANTS.map((name) => {
      const [a, b, c, d] = boxes[name];
      return node("rect", { class: `ground ${name}`, x: a, y: b, width: c - a, height: d - b });
    });
    for (const v of ticks(scale.rx)) parts.push(line("grid", scale.x(v), y0, scale.x(v), y1), words("tick", scale.x(v), y1 + 16, (100 + v).toFixed(1).replace(".0", ""), "middle"));
    for (const v of ticks(scale.ry)) parts.push(line("grid", x0, scale.y(v), x1, scale.y(v)), words("tick", x0 - 8, scale.y(v) + 4, (100 + v).toFixed(1).replace(".0", ""), "end"));
    parts.push(line("axis", cx, y0, cx, y1), line("axis", x0, cy, x1, cy));
    const narrow = isNarrow();
    parts.push(words("title", x1, y1 + 32, narrow ? "Trend of relative strength →" : "Trend of relative strength (x), stronger to the right →", "end"));
    const title = words("title", 0, 0, narrow ? "Momentum →" : "Momentum of that trend (y) →", "end");
    title.setAttribute("transform", `translate(12 ${y0}) rotate(-90)`);
    parts.push(title);
    for (const name of QUADRANTS) {
      const isRight = name === "leading" || name === "weakening", isUp = name === "leading" || name === "improving";
      const corner = words(`corner ${name}`, isRight ? x1 - 12 : x0 + 12, isUp ? y0 + 24 : y1 - 14, NAMES[name], isRight ? "end" : "start");
      parts.push(corner);
    }
    layer.replaceChildren(...parts);
  }

  function sectorAt(sector, points, raw) {
    const { group, trail, head, reach } = groups[sector];
    group.style.display = points.length ? "" : "none";
    if (!points.length) return;
    const [x, y] = points.at(-1), [rawX, rawY] = raw.at(-1);
    const here = rawX >= 0 ? (rawY >= 0 ? "leading" : "weakening") : rawY >= 0 ? "improving" : "lagging";
    const strong = isStrong(sector), someone = state.picks.length > 0 || state.hovered !== null;
    group.setAttribute("class", `sector ${here}${strong ? " strong" : someone ? " faded" : ""}`);
    const pieces = curve(points).map((d, i, all) => {
      const fresh = (i + 1) / all.length;
      return node("path", { d, "stroke-width": (strong ? 1.6 : 1) + fresh * (strong ? 2 : 1.1), "stroke-opacity": (strong ? 0.3 : 0.08) + fresh * (strong ? 0.65 : 0.42) });
    });
    const dots = points.slice(0, -1).map(([a, b], i, all) => node("circle", { class: "week", cx: a, cy: b, r: strong ? 2.4 : 1.3, "fill-opacity": (strong ? 0.35 : 0.1) + ((i + 1) / all.length) * 0.5 }));
    trail.replaceChildren(...pieces, ...dots);
    for (const circle of [head, reach]) { circle.setAttribute("cx", x); circle.setAttribute("cy", y); }
    head.setAttribute("r", (strong ? 7.5 : 5.5) - (isNarrow() ? 1 : 0));
  }

  // The outermost names come first, and those that stand there already: they do not jump from week to week.
  function placeLabels(drawn) {
    const order = field.names.map((_, s) => s).filter((s) => drawn[s].length && !groups[s].group.classList.contains("faded"));
    order.sort((a, b) => weight(b) - weight(a));
    const wanted = order.map((sector) => {
      const item = groups[sector], strong = isStrong(sector), [x, y] = drawn[sector].at(-1);
      return { x, y, width: widthOf(item, strong), gap: strong ? 11 : 9, side: item.side, isKept: strong };
    });
    const heads = drawn.map((points) => points.at(-1)).filter(Boolean);
    placeNames(wanted, heads, frame(size)).forEach((spot, i) => {
      const item = groups[order[i]];
      // A name without room waits for its sector to be pressed; the list has it.
      item.label.style.display = spot ? "" : "none";
      item.isNamed = Boolean(spot);
      if (!spot) return;
      item.side = spot.side;
      item.label.setAttribute("x", spot.left);
      item.label.setAttribute("y", spot.base);
    });
  }

  function widthOf(item, strong) {
    const kind = `${strong ? "strong" : "usual"} ${isNarrow()}`;
    item.label.style.display = "";
    return (item.widths[kind] ??= item.label.getComputedTextLength());
  }

  // Names that were measured in another font while theirs was on its way.
  function measureAgain() {
    for (const item of groups) Object.assign(item, { widths: {}, side: 0, isNamed: false });
    draw();
  }

  function isStrong(sector) {
    return state.hovered === sector || state.picks.includes(field.names[sector]);
  }

  function weight(sector) {
    const where = at(sector, week());
    return (isStrong(sector) ? 100 : 0) + (groups[sector].isNamed ? 0.4 : 0) + (where ? Math.hypot(...where) : 0);
  }

  // Picking and hovering

  function toggle(name) {
    state.picks = state.picks.includes(name) ? state.picks.filter((other) => other !== name) : [...state.picks, name];
    state.hovered = null;
    draw();
    settle();
  }

  function hover(sector) {
    if (state.hovered === sector) return;
    state.hovered = sector;
    if (!state.playing) draw(); else showTip();
  }

  function showTip() {
    const sector = state.hovered, where = sector === null ? null : at(sector, week());
    tip.hidden = !where;
    if (!where) return;
    const quadrant = quadrantAt(sector, week()), count = weeksThere(sector, week());
    const parts = [["b", field.names[sector]], ["span", `Week to ${dateText(field.days[week()])}`], ["span", `x ${(100 + where[0]).toFixed(2)}, y ${(100 + where[1]).toFixed(2)}`]];
    const lines = parts.map(([kind, text]) => Object.assign(document.createElement(kind), { textContent: text }));
    const last = Object.assign(document.createElement("span"), { textContent: `${NAMES[quadrant]}, week ${count}`, className: `where ${quadrant}` });
    tip.replaceChildren(...lines, last);
    const x = Number(groups[sector].head.getAttribute("cx")), y = Number(groups[sector].head.getAttribute("cy"));
    const left = x > size.width / 2 ? x - tip.offsetWidth - 18 : x + 18;
    tip.style.left = `${Math.max(4, Math.min(left, size.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(4, Math.min(y - tip.offsetHeight / 2, size.height - tip.offsetHeight - 4))}px`;
  }

  let listed = "";
  function listNow() {
    const members = QUADRANTS.map(membersOf), index = week();
    const key = JSON.stringify([index, members, state.picks, field.version]);
    if (key === listed) return;
    listed = key;
    // The list is made anew: who stands on a name with the keyboard stays on it.
    const focused = root.getRootNode().activeElement?.dataset?.sector;
    const all = Object.assign(document.createElement("button"), { type: "button", className: "all", disabled: !state.picks.length });
    all.textContent = state.picks.length ? `Show all (${state.picks.length} picked)` : `All ${members.flat().length} sectors shown`;
    all.addEventListener("click", () => { state.picks = []; draw(); settle(); });
    list.replaceChildren(all, ...QUADRANTS.map((name, i) => sectionOf(name, members[i], index)));
    if (focused) list.querySelector(`[data-sector="${CSS.escape(focused)}"]`)?.focus();
  }

  function sectionOf(name, members, index) {
    const section = Object.assign(document.createElement("section"), { className: name });
    const title = document.createElement("h3"), names = document.createElement("ul");
    title.append(document.createElement("i"), NAMES[name], Object.assign(document.createElement("span"), { textContent: String(members.length) }));
    for (const sector of members) {
      const item = document.createElement("li"), button = document.createElement("button"), count = weeksThere(sector, index);
      button.type = "button";
      button.dataset.sector = field.names[sector];
      button.setAttribute("aria-pressed", String(state.picks.includes(field.names[sector])));
      button.append(field.names[sector], Object.assign(document.createElement("small"), { textContent: `${count} wk` }));
      button.addEventListener("click", () => toggle(field.names[sector]));
      button.addEventListener("pointerenter", () => hover(sector));
      button.addEventListener("pointerleave", () => hover(null));
      item.append(button);
      names.append(item);
    }
    section.append(title, ...(members.length ? [names] : []));
    return section;
  }

  // Controls

  find("play").addEventListener("click", () => (state.playing ? pause() : play()));
  scrub.addEventListener("input", () => { state.playing = false; markPlaying(); goTo(Number(scrub.value)); });
  find("tail").addEventListener("input", (event) => { state.tail = Number(event.target.value); draw(); settle(); });
  svg.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: () => goTo(week() - 1), ArrowRight: () => goTo(week() + 1), Home: () => goTo(0), End: () => goTo(Infinity), " ": () => (state.playing ? pause() : play()) };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    if (event.key !== " ") { state.playing = false; markPlaying(); }
    move();
  });
  new ResizeObserver(() => {
    const width = Math.round(root.querySelector(".drawn").clientWidth);
    if (!width || width === size.width) return;
    size = { width, height: Math.round(Math.min(Math.max(width * 0.78, 400), 640)) };
    svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    svg.style.height = `${size.height}px`;
    svg.classList.toggle("narrow", isNarrow());
    draw();
    if (document.fonts.status === "loading") document.fonts.ready.then(measureAgain);
  }).observe(root.querySelector(".drawn"));

  return { show, pause };
}

// What names keep within, and the words in its corners.
function frame({ width, height }) {
  const { left, right, top, bottom } = MARGIN, [x0, y0, x1, y1] = [left, top, width - right, height - bottom];
  const corners = [[x0, y0], [x1 - 110, y0], [x0, y1 - 34], [x1 - 110, y1 - 34]];
  return { box: [x0, y0, x1, y1], words: corners.map(([x, y]) => [x, y, x + 110, y + 34]) };
}

function unpack(data) {
  const numbers = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Int16Array(bytes.buffer);
  };
  return { version: data.version, benchmark: data.benchmark, names: data.sectors, days: data.days, x: numbers(data.x), y: numbers(data.y) };
}
