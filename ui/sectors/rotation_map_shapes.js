// Shapes and words of the Rotation Map, and where its names stand: functions of numbers, which know no state.

// How far a line of text reaches above and below its base, and how far names keep from points and from each other.
const TEXT = { above: 11, below: 3 }, POINT = 6, BETWEEN = 1;

// A place for each name beside its point, or null where all are taken: by a name before it, a point, a word of the
// frame, or the frame's end. `isKept` names get the least crowded place in any case.
function placeNames(names, points, { box, words }) {
  const taken = [...words];
  return names.map(({ x, y, width, gap, side, isKept }) => {
    const others = points.filter(([px, py]) => px !== x || py !== y).map(([px, py]) => [px - POINT, py - POINT, px + POINT, py + POINT]);
    const spots = around(x, y, width, gap).map(([left, base], number) => {
      const covers = [left - BETWEEN, base - TEXT.above - BETWEEN, left + width + BETWEEN, base + TEXT.below + BETWEEN];
      const outside = (covers[2] - covers[0]) * (covers[3] - covers[1]) - overlap(covers, box);
      const crowd = [...taken, ...others].reduce((sum, other) => sum + overlap(covers, other), 4 * outside);
      return { left, base, side: number, covers, crowd: Math.round(crowd) };
    });
    spots.sort((one, other) => one.crowd - other.crowd || (other.side === side) - (one.side === side) || one.side - other.side);
    const [best] = spots;
    if (best.crowd && !isKept) return null;
    taken.push(best.covers);
    return best;
  });
}

// Left end and base of a name at the right of a point, left, above, below, and at the four corners.
function around(x, y, width, gap) {
  const right = x + gap, left = x - gap - width, middle = x - width / 2;
  return [[right, y + 4], [left, y + 4], [middle, y - gap - 2], [middle, y + gap + 11], [right - 2, y - 8], [right - 2, y + 16], [left + 2, y - 8], [left + 2, y + 16]];
}

// Days since 1970, as Python sends them.
function dateText(day) {
  return new Date(day * 86400000).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).replace("Sept", "Sep");
}

function ticks(reach) {
  const step = reach > 4 ? 2 : reach > 1.7 ? 1 : 0.5, found = [];
  for (let v = -Math.floor(reach / step) * step; v <= reach; v += step) found.push(v);
  return found;
}

// One smooth piece from each point to the next (Catmull-Rom), so that each can have its own strength.
function curve(points) {
  const found = [];
  for (let i = 0; i + 1 < points.length; i += 1) {
    const [p0, p1, p2, p3] = [points[Math.max(0, i - 1)], points[i], points[i + 1], points[Math.min(points.length - 1, i + 2)]];
    const bend = (a, b, c) => [b[0] + (c[0] - a[0]) / 6, b[1] + (c[1] - a[1]) / 6];
    const one = bend(p0, p1, p2), other = [p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6];
    found.push(`M${p1.map(tenth)}C${one.map(tenth)} ${other.map(tenth)} ${p2.map(tenth)}`);
  }
  return found;
}

const tenth = (v) => Math.round(v * 10) / 10;

function overlap(one, other) {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  return width > 0 && height > 0 ? width * height : 0;
}

function node(kind, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function line(css, x1, y1, x2, y2) {
  return node("line", { class: css, x1, y1, x2, y2 });
}

function words(css, x, y, text, anchor) {
  const made = node("text", { class: css, x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}
