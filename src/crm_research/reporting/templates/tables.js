(() => {
  "use strict";
  // A table is sorted by the values that its cells say, copied, and saved with the cells as they are shown.
  const told = (cell) => cell.textContent.trim().replace(/\s+/g, " ");
  const cellsOf = (table) => [...table.rows].map((row) => [...row.cells].map(told));
  const SCALES = { k: 1e3, m: 1e6, bn: 1e9, hour: 1 / 24, day: 1, week: 7, month: 365.25 / 12, year: 365.25 };
  const NUMBER = /^(under|over|about|at least|at most)?\s*([+\-\u2212]?)\s*([\d,]*\.?\d+)(?:\s*(bn|[km]|(?:hour|day|week|month|year)s?)(?![\w]))?/;
  const DAY = /^\d{4}-\d{2}(-\d{2})?( \d{2}:\d{2})?$/;
  const NOTHING = /^(|[\u2013\u2014-]|not known|not reached)$/;
  const valueOf = (text) => {
    if (DAY.test(text)) return Date.parse(text.replace(" ", "T"));
    const found = NUMBER.exec(text);
    if (!found || Number.isNaN(Number(found[3].replaceAll(",", "")))) return null;
    const scale = SCALES[found[4]?.replace(/s$/, "")] ?? 1;
    const size = Number(found[3].replaceAll(",", "")) * scale * (found[2] === "-" || found[2] === "\u2212" ? -1 : 1);
    const nudge = Math.abs(size) * 1e-9 + 1e-12;
    return found[1] === "under" ? size - nudge : found[1] === "over" ? size + nudge : size;
  };
  const words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const sorted = (rows, place, sign) => {
    const keys = new Map(rows.map((row) => [row, told(row.cells[place])]));
    const known = rows.filter((row) => !NOTHING.test(keys.get(row)));
    const isNumbers = known.every((row) => valueOf(keys.get(row)) !== null);
    const compare = (a, b) => sign * (isNumbers
      ? valueOf(keys.get(a)) - valueOf(keys.get(b))
      : words.compare(keys.get(a), keys.get(b)));
    // What is not known comes last, whichever way one sorts.
    return [...known.sort(compare), ...rows.filter((row) => NOTHING.test(keys.get(row)))];
  };
  const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
  // An amount with its unit, or with its limits in words; whatever else follows could be reckoned with.
  const AMOUNT = /^[+\-]?[\d.,]+(\s(%|[\p{L}\p{Sc}% ]+))?$/u;
  const guarded = (text) => FORMULA.test(text) && !AMOUNT.test(text) ? `'${text}` : text;
  const asCsv = (table) => cellsOf(table)
    .map((row) => row.map((text) => {
      const safe = guarded(text);
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    }).join(","))
    .join("\r\n");
  const nameOf = (caption) => `${caption.toLowerCase().normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "table"}.csv`;
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const save = (text, name) => {
    const link = document.createElement("a");
    // Excel reads other than plain letters only after this mark.
    link.href = URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const makeButton = (words, about, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.setAttribute("aria-label", `${words}: ${about}`);
    button.addEventListener("click", () => act(button));
    return button;
  };
  document.querySelectorAll(".crm-table").forEach((block) => {
    const table = block.querySelector("table");
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
    const body = table.tBodies[0];
    const rows = [...(body?.rows ?? [])];
    // On a phone each value stands behind the name of its column.
    const names = heads.map(told);
    for (const row of rows) [...row.cells].forEach((cell, place) => { cell.dataset.column = names[place] ?? ""; });
    const caption = table.caption?.textContent ?? "";
    if (rows.length > 1 && rows.every((row) => row.cells.length === heads.length)) heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        // Numbers from the largest, words from the first; the other way round; as they stood.
        const ways = head.classList.contains("num") ? ["descending", "ascending", null] : ["ascending", "descending", null];
        const way = ways[(ways.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
        for (const other of heads) other.removeAttribute("aria-sort");
        if (way) head.setAttribute("aria-sort", way);
        body.append(...(way ? sorted(rows, place, way === "ascending" ? 1 : -1) : rows));
      });
    });
    const does = document.createElement("div");
    does.className = "does";
    does.append(
      makeButton("Copy table", caption, async (button) => {
        await copy(cellsOf(table).map((row) => row.map(guarded).join("\t")).join("\n"));
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy table"; }, 1500);
      }),
      makeButton("Save as CSV", caption, () => save(asCsv(table), nameOf(caption))),
    );
    block.append(does);
  });
})();
