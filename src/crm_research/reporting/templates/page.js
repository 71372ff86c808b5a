(() => {
  "use strict";
  const root = document.documentElement;
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* no storage in this file */ } };
  const recall = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

  const theme = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { if (theme) theme.textContent = isDark() ? "Light" : "Dark"; };
  if (recall("crm-theme")) root.dataset.theme = recall("crm-theme");
  nameTheme();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
  theme?.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember("crm-theme", root.dataset.theme);
    nameTheme();
  });

  const code = document.getElementById("code");
  code?.addEventListener("click", () => {
    const shown = root.classList.toggle("show-code");
    code.setAttribute("aria-pressed", String(shown));
    code.textContent = shown ? "Hide code" : "Show code";
    each("details.code", (cell) => { cell.open = shown; });
  });

  // Two voices: what a link leads to is shown in whichever voice has it.
  const told = document.getElementById("told");
  const speak = (voice, isKept) => {
    root.dataset.voice = voice;
    each(".voices button", (button) => { button.setAttribute("aria-pressed", String(button.dataset.voice === voice)); });
    if (isKept) remember("crm-voice", voice);
    else if (isKept === false) told.textContent = "The whole report is shown, as a researcher reads it.";
    dispatchEvent(new Event("resize"));
  };
  each(`.voices [data-voice="${root.dataset.voice}"]`, () => speak(root.dataset.voice, null));
  each("button[data-voice]", (button) => button.addEventListener("click", () => {
    speak(button.dataset.voice, true);
    if (!button.closest(".voices")) document.getElementById("behind").scrollIntoView();
  }));

  // What does not fit says so in words; what stands in a fold is measured when it is opened.
  const sayWhereCut = (block, words) => {
    const box = block.querySelector(":scope > .scroll");
    if (!box) return;
    const more = document.createElement("p");
    more.className = "more";
    more.textContent = words;
    box.after(more);
    const measure = () => {
      block.classList.remove("is-cut");
      block.classList.toggle("is-cut", box.scrollWidth > box.clientWidth + 1);
    };
    new ResizeObserver(measure).observe(box);
  };
  each(".crm-table", (block) => sayWhereCut(block, "More columns to the right: scroll the table sideways."));
  each(".crm-chart", (block) => sayWhereCut(block, "The picture goes on to the right: scroll it sideways."));

  // Everything that has an id can be linked to.
  const link = (part, id, what) => {
    const here = document.createElement("a");
    here.className = "here";
    here.href = `#${id}`;
    here.textContent = "#";
    here.setAttribute("aria-label", `Link to ${what}`);
    part.append(here);
  };
  each("article :is(h2, h3)[id]", (part) => { if (!part.closest("summary")) link(part, part.id, "this chapter"); });
  each("figure[id] .crm-headings .title", (part) => link(part, part.closest("figure").id, "this picture"));
  each(".crm-card[id] .label", (part) => link(part, part.closest(".crm-card").id, "this figure"));

  // The contents show where one is: the last heading above the upper third of the window.
  const entries = [...document.querySelectorAll(".contents a")]
    .map((entry) => [entry, document.querySelector(entry.getAttribute("href"))])
    .filter(([, part]) => part);
  const showPlace = () => {
    const passed = entries.filter(([, part]) => part.getBoundingClientRect().top < innerHeight / 3);
    const current = passed.at(-1)?.[0];
    for (const [entry] of entries) {
      if (entry === current && !entry.hasAttribute("aria-current")) {
        entry.setAttribute("aria-current", "true");
        const list = entry.closest("ul");
        if (list.scrollHeight > list.clientHeight) list.scrollTop = entry.offsetTop - list.clientHeight / 2;
      } else if (entry !== current) entry.removeAttribute("aria-current");
    }
  };
  let isWaiting = false;
  addEventListener("scroll", () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => { isWaiting = false; showPlace(); });
  }, { passive: true });
  // On a narrow screen the contents would stand between the reader and the answer.
  if (matchMedia("(max-width: 71.99rem)").matches) each(".contents details", (list) => { list.open = false; });
  // What a link leads to is opened, together with what it stands in, and shown where only researchers see it.
  const open = (hash) => {
    const part = hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
    for (let fold = part?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    if (part?.closest(".deep") && root.dataset.voice === "manager") speak("researcher", false);
    return part;
  };
  each('a[href^="#"]', (entry) => entry.addEventListener("click", () => open(entry.getAttribute("href"))));
  open(location.hash)?.scrollIntoView();
  addEventListener("hashchange", () => open(location.hash)?.scrollIntoView());
  each(".reports a[aria-current]", (here) => {
    const strip = here.closest(".scroll");
    strip.scrollLeft = here.offsetLeft - strip.offsetLeft - strip.clientWidth / 2;
  });
  addEventListener("beforeprint", () => each("details.folded, details.missing", (part) => { part.open = true; }));
})();
