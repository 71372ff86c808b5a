(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let voice = new URLSearchParams(location.search).get("voice");
  if (!voice) try { voice = localStorage.getItem("crm-voice"); } catch { /* no storage in this file */ }
  root.dataset.voice = voice === "researcher" ? "researcher" : "manager";
})();
