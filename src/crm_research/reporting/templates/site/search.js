(() => {
  "use strict";
  const find = document.getElementById("find");
  const list = document.getElementById("found");
  const said = document.getElementById("n-found");
  const data = document.getElementById("search-data");
  if (!find || !data) return;
  const MOST = 30;
  // Signs of every width and accent are alike: an accent makes no other letter, nor does a wide form; Chinese is found wherever it stands.
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  let entries = null;
  const read = () => {
    entries ??= JSON.parse(data.textContent).map(([words, value, href, where, more]) => ({
      words, value, href, where, name: plain(words), text: plain(`${words} ${where} ${more}`),
    }));
    return entries;
  };
  // All words must be there; those in what is shown, and at its beginning, count for more.
  const rank = (entry, words) => words.reduce((sum, word) => {
    const place = entry.name.indexOf(word);
    return sum + (place === 0 ? 4 : place > 0 && /\P{L}/u.test(entry.name[place - 1]) ? 3 : place > 0 ? 2 : 0);
  }, entry.value ? 0.5 : 0);
  const show = () => {
    // Marks of quotation part words as commas do: who copies a phrase with them means its words.
    const words = plain(find.value).split(/[\s,;"\u00ab\u00bb\u201c-\u201f\u300c-\u300f\u3001\uff02\uff0c\uff1b]+/u).filter(Boolean);
    const hits = words.length ? read().filter((entry) => words.every((word) => entry.text.includes(word))) : [];
    const ranks = new Map(hits.map((entry) => [entry, rank(entry, words)]));
    hits.sort((a, b) => ranks.get(b) - ranks.get(a));
    list.replaceChildren(...hits.slice(0, MOST).map((entry) => {
      const row = document.createElement("li");
      const link = document.createElement("a");
      link.href = entry.href;
      link.textContent = entry.words;
      const where = document.createElement("span");
      where.className = "where";
      where.textContent = entry.where;
      row.append(link);
      if (entry.value) {
        const value = document.createElement("strong");
        value.textContent = entry.value;
        row.append(" ", value);
      }
      row.append(where);
      return row;
    }));
    list.hidden = !hits.length;
    const n = hits.length.toLocaleString("en");
    said.textContent = !words.length ? "" : !hits.length ? "Nothing is found." :
      hits.length > MOST ? `${n} found; the first ${MOST} are shown.` : `${n} found.`;
  };
  const links = () => [...list.querySelectorAll("a")];
  find.addEventListener("input", show);
  find.closest("form").addEventListener("submit", (event) => {
    event.preventDefault();
    links()[0]?.click();
  });
  find.closest("form").addEventListener("keydown", (event) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && all.length) all[Math.min(at + 1, all.length - 1)].focus();
    else if (event.key === "ArrowUp" && at > 0) all[at - 1].focus();
    else if (event.key === "ArrowUp" && at === 0) find.focus();
    else if (event.key === "Escape") { find.value = ""; show(); find.focus(); }
    else return;
    event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA/.test(document.activeElement.tagName)) return;
    event.preventDefault();
    find.focus();
  });
  if (find.value) show();
})();
