(() => {
  "use strict";
  const find = document.getElementById("find");
  if (!find) return;
  const states = [...document.querySelectorAll('input[name="outcome"]')];
  const chapters = [...document.querySelectorAll(".chapter")];
  const rows = chapters.flatMap((chapter) => [...chapter.querySelectorAll(".entries > li")]);
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const left = document.querySelector(".left");
  const sift = () => {
    const words = find.value.toLowerCase().split(/[\s"\u201c-\u201f]+/u).filter(Boolean);
    const shown = new Set(states.filter((state) => state.checked).map((state) => state.value));
    let n = 0;
    for (const row of rows) {
      row.hidden = !(shown.has(row.dataset.outcome) && words.every((word) => texts.get(row).includes(word)));
      n += !row.hidden;
    }
    for (const chapter of chapters) chapter.hidden = !chapter.querySelector(".entries > li:not([hidden])");
    left.textContent = n === rows.length ? "" : n ? `${n.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown` : "None of them.";
  };
  find.addEventListener("input", sift);
  for (const state of states) state.addEventListener("change", sift);
  find.closest("form").addEventListener("submit", (event) => event.preventDefault());
  sift();
})();
